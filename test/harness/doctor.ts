/** What doctor found, and following its advice to the letter. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { companionJson } from './companion.ts';
import { fakeEngine } from './fakes.ts';
import type { HermesOptions, ManagedContainer } from './managed-container.ts';

export type Check = { check: string; status: string; says: string; fixes: { label: string; text: string }[] };
export type Report = { ok: boolean; checks: Check[] };

/** Runs doctor as the container's caller. */
export const doctor = (container: ManagedContainer, options: HermesOptions = {}) =>
  companionJson<Report>(container, ['doctor'], options);

/** What is not as it should be: check and status. */
export const troubles = ({ checks }: Report) =>
  checks
    .filter(({ status }) => status === 'failed' || status === 'warning')
    .map(({ check, status }) => `${check} ${status}`);

/** One check of a report. */
export const checkOf = ({ checks }: Report, name: string): Check => {
  const found = checks.find(({ check }) => check === name);
  if (found === undefined) throw new Error(`no check called ${name}`);
  return found;
};

/** The text of one piece of advice. */
export const fixOf = (report: Report, check: string, label: string): string =>
  checkOf(report, check).fixes.find((fix) => fix.label === label)?.text ?? `# no advice called ${label}`;

/** A machine where nothing is to be desired: the link of the setup guide, a native hermes beside. */
export function complete(container: ManagedContainer): HermesOptions {
  const person = join(container.root, 'person');
  const native = join(container.root, 'native');
  mkdirSync(person);
  symlinkSync(container.home, join(person, '.hermes'));
  fakeEngine(native, 'hermes', 'echo native');
  // a rootless podman keeps its containers in its user's HOME
  const home = container.mode === 'podman-rootless' ? {} : { HOME: person };
  return { env: { ...home, HERMES_NATIVE_DIR: native } };
}

/** Follows printed advice to the letter, in the caller's shell, and looks again in that very shell. */
export async function follow(
  container: ManagedContainer,
  advice: string,
  options: HermesOptions = {},
): Promise<Report> {
  await using shell = await container.shell(`${advice}\nhermes-shim doctor --json`, options);
  const { stdout, stderr } = await shell.ended;
  const json = stdout.slice(Math.max(0, stdout.indexOf('{\n')));
  try {
    return JSON.parse(json) as Report;
  } catch {
    throw new Error(`following '${advice}' led nowhere: ${stdout}${stderr}`);
  }
}
