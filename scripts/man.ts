/** Writes the manual pages, out of docs/ and of what the companion's command line is described by. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { type ManualPage, manualPages } from './man/pages.ts';
import { escapeRoff, toRoff } from './man/roff.ts';

/** A page's file name: `hermes-shim.1`. */
export const fileOf = ({ name, section }: ManualPage): string => `${name}.${section}`;

/** The whole page. It bears no date, so that two builds are alike. */
export async function manualText(page: ManualPage): Promise<string> {
  const { name, section, summary } = page;
  const title = `.TH ${escapeRoff(name.toUpperCase())} ${section} "" "hermes\\-shim ${manifest.version}"`;
  const heading = `.SH NAME\n${escapeRoff(name)} \\- ${escapeRoff(summary)}`;
  return `${title}\n${heading}\n${toRoff(await page.body())}`;
}

/** Writes every page into the directory. */
export async function writeManualPages(dir: string): Promise<void> {
  for (const page of manualPages) writeFileSync(join(dir, fileOf(page)), await manualText(page));
}
