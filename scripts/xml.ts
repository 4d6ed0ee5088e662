/** Text in the pictures that scripts draw. */

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** For the content of an element. */
export const escapeXml = (text: string): string =>
  text.replace(/[&<>]/g, (character) => entities[character] ?? '');
