/** Sections of a Markdown document, as text. */

/**
 * What stands below a heading, up to the next one of its rank or a higher one.
 * @param heading as it is written, with its marks: `## Exit codes`
 * @throws where there is no such heading
 */
export function sectionOf(document: string, heading: string): string {
  const lines = document.split('\n');
  const begin = lines.indexOf(heading);
  if (begin < 0) throw new Error(`there is no heading "${heading}"`);
  const rank = heading.indexOf(' ');
  let fence = false;
  const length = lines.slice(begin + 1).findIndex((line) => {
    if (line.startsWith('```')) fence = !fence;
    const marks = /^#+(?= )/.exec(line)?.[0];
    return !fence && marks !== undefined && marks.length <= rank;
  });
  return lines
    .slice(begin + 1, length < 0 ? undefined : begin + 1 + length)
    .join('\n')
    .trim();
}

/** What stands between a document's title and its first section, without the line that says whom it is for. */
export function introductionOf(document: string): string {
  const [, , ...paragraphs] = (document.split('\n## ')[0] ?? '').trim().split('\n\n');
  return paragraphs.join('\n\n');
}
