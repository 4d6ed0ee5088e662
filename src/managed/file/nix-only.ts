/** Options of the guide that only Nix can mean, and what does the same here. */
const instead: Readonly<Record<string, string>> = {
  enable: 'leave it out: that the file is there, and hermes-shim up, is enough',
  addToSystemPackages: 'leave it out: hermes on this host is this shim already',
  extraPackages:
    'only Nix can build these: install them in the container (hermes-shim shell, then apt install …), or name an image that has them as container.image',
  extraPythonPackages:
    'only Nix can build these: install them in the container (hermes-shim shell, then pip install --user …), or name a package that has them',
  extraDependencyGroups:
    'only Nix can build these: name a package that was built with them, or install them in the container (hermes-shim shell)',
  'container.enable': 'leave it out: hermes-shim up always makes a container',
};

/** What to do in place of an option of the guide that does not work off NixOS; `undefined` for any other key. */
export function insteadOf(key: string): string | undefined {
  return Object.hasOwn(instead, key) ? instead[key] : undefined;
}
