import { exitCodes, Failure } from './failure.ts';

/**
 * Refuses a node that is too old for this program.
 * @param version `process.versions.node`
 * @throws {Failure} 125 naming the oldest that will do
 */
export function checkNode(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 17)) return;
  throw new Failure(exitCodes.cannotRoute, `node ${version} is too old for hermes-shim`, [
    { label: 'install', text: 'Node.js 20.17 or newer' },
  ]);
}
