# nix/package.nix with a shell and a node of this machine: its arguments, as far as they are plain values.
{
  shell,
  nodeDir,
  native ? null,
}:
let
  stub = import ./stub.nix;
  package = import ../../nix/package.nix {
    inherit (stub) lib;
    stdenv = {
      buildPlatform.canExecute = _: true;
      hostPlatform = { };
    };
    buildNpmPackage = arguments: arguments;
    importNpmLock = {
      npmConfigHook = "hook";
      __functor = _: { npmRoot }: "deps of ${toString npmRoot}";
    };
    nodejs-slim.path = nodeDir;
    dash.exe = shell;
    nativePackage = if native == null then null else { path = native; };
  };
in
{
  inherit (package)
    pname
    version
    src
    npmDeps
    installPhase
    ;
}
