/** The text that the single executable runs: the bundle, and what stands in for the files beside it. */

/** The names under which the file may be called without its launcher, by symlink. */
export const names = ['hermes', 'hermes-agent', 'hermes-acp', 'hermes-shim'];

/**
 * Wraps the bundle. Cold code is taken out of the assets when it is asked for. Called by symlink, the name is put
 * where the launcher puts it, and the file itself is the launcher.
 */
export function mainText(bundle: string, bundleName: string): string {
  return `(function (builtin) {
const path = builtin('node:path');
const called = path.basename(process.argv0);
if (${JSON.stringify(names)}.includes(called)) {
  process.argv.splice(2, 0, called);
  process.env.HERMES_SHIM_LAUNCHER = process.execPath;
}
const loaded = {};
function load(id) {
  if (!id.startsWith('./')) return builtin(id);
  const name = id.slice(2);
  if (loaded[name]) return loaded[name].exports;
  const text = builtin('node:sea').getAsset(name, 'utf8');
  const cold = builtin('node:vm').compileFunction(text, ['exports', 'require', 'module', '__filename', '__dirname'], {
    filename: name,
  });
  const module = (loaded[name] = { exports: {} });
  cold(module.exports, load, module, process.execPath, path.dirname(process.execPath));
  return module.exports;
}
if (process.argv[2] === 'hermes-shim') return load('./hermes-shim.cjs');
const main = (loaded[${JSON.stringify(bundleName)}] = { exports: {} });
(function (exports, require, module) {
${bundle}
})(main.exports, load, main);
})(require);
`;
}

/** The options of node that the launcher gives it for its start, but that for the path. Throws where one is missing. */
export function startOptions(launcher: string): string[] {
  return ['random-seed', 'v8-pool-size'].map((name) => {
    const option = new RegExp(`--${name}=\\d+`).exec(launcher)?.[0];
    if (option === undefined) throw new Error('bin/hermes is not the launcher that is known here');
    return option;
  });
}

/** The launcher for the file beside it: the same notes for the same reasons, but no node to be looked for. */
export function launcherText(launcher: string, file: string): string {
  const search = launcher.indexOf('\ncase $hermes_shim_node in');
  if (search < 0) throw new Error('bin/hermes is not the launcher that is known here');
  const kept = launcher.slice(0, search).replace('hermes_shim_node=node\n\n', '');
  return `${kept}\nexec "\${hermes_shim_self%/*}/${file}" "\${0##*/}" "$@"\n`;
}
