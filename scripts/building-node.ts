/**
 * Imported before the bundler, whose modules fail with a trace where they are loaded by a node that is too old. What is
 * built runs on older ones.
 */

/** Can this node build? As rolldown's package.json has it: `^20.19.0 || >=22.12.0`. */
export function canBuild(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major === 20) return minor >= 19;
  if (major === 22) return minor >= 12;
  return major > 22;
}

if (!canBuild(process.versions.node)) {
  console.error(
    `hermes-shim: node ${process.versions.node} is too old to build it (what is built runs on 20.17, too)`,
  );
  console.error('  install:  Node.js 20.19 or newer (of line 22: 22.12 or newer)');
  process.exit(1);
}
