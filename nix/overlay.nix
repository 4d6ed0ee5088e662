final: _prev: {
  hermes-shim = final.callPackage ./package.nix { };
}
