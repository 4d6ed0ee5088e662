# The shim as a package: the bundle, and the launcher with absolute paths written into it.
{
  lib,
  stdenv,
  buildNpmPackage,
  importNpmLock,
  nodejs-slim,
  dash,
  # The hermes that runs on this host where a call is not routed; null: the next one on PATH.
  nativePackage ? null,
}:

let
  manifest = lib.importJSON ../package.json;
  names = lib.attrNames manifest.bin;
  nativeDir = "${lib.getBin nativePackage}/bin";
in
buildNpmPackage {
  pname = manifest.name;
  inherit (manifest) version;

  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../bin
      ../src
      ../scripts/build.ts
      ../scripts/building-node.ts
      ../scripts/late-string-width.ts
      ../scripts/man.ts
      ../scripts/man
      ../scripts/notices.ts
      ../scripts/shell.ts
      ../docs
      ../package.json
      ../package-lock.json
      ../LICENSE
    ];
  };

  # Straight from the lock: no hash to keep by hand.
  npmDeps = importNpmLock { npmRoot = ../.; };
  npmConfigHook = importNpmLock.npmConfigHook;

  # A wrapper would lose the name that was called and the signals that were ignored, so the launcher itself is told
  # where everything is: its shell (the smallest, it is part of every call's time), node, and its own place.
  installPhase = ''
    runHook preInstall
    home=$out/lib/hermes-shim
    mkdir -p "$home/bin" "$out/bin"
    cp -R dist "$home/dist"
    # For this very node; what the build's has compiled is of no use to it.
    rm -f "$home"/dist/*.compiled
    ${lib.optionalString (stdenv.buildPlatform.canExecute stdenv.hostPlatform) ''
      ${lib.getExe' nodejs-slim "node"} --random-seed=1 --predictable "$home/dist/hermes-precompile.cjs"
    ''}
    sed -e '1s|.*|#!${lib.getExe dash}|' \
      -e 's|^hermes_shim_node=node$|hermes_shim_node=${lib.getExe' nodejs-slim "node"}|' \
      -e "s|^hermes_shim_self=[\$]0\$|hermes_shim_self=$home/bin/hermes|" \
      ${
        lib.optionalString (nativePackage != null)
          ''-e '/^hermes_shim_self=/i : "''${HERMES_NATIVE_DIR=${nativeDir}}"\nexport HERMES_NATIVE_DIR' ''
      }bin/hermes >"$home/bin/hermes"
    grep -qx 'hermes_shim_node=/.*' "$home/bin/hermes"
    grep -qx "hermes_shim_self=$home/bin/hermes" "$home/bin/hermes"
    chmod 755 "$home/bin/hermes"
    for name in ${toString names}; do
      ln -s ../lib/hermes-shim/bin/hermes "$out/bin/$name"
    done
    for page in dist/*.[1-9]; do
      install -D -m 644 "$page" "$out/share/man/man''${page##*.}/''${page##*/}"
    done
    install -D -m 644 -t "$out/share/licenses/hermes-shim" LICENSE dist/THIRD-PARTY.txt
    runHook postInstall
  '';

  meta = {
    inherit (manifest) description;
    license = lib.licenses.mit;
    mainProgram = "hermes";
    platforms = lib.platforms.linux;
  };
}
