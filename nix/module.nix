# programs.hermes-shim: puts the shim under the name hermes on a NixOS host whose services.hermes-agent runs in a
# container. It is layered on the upstream module, which it reads and never changes.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:

let
  cfg = config.programs.hermes-shim;

  present = (options.services or { }) ? hermes-agent;
  agent = config.services.hermes-agent;
  containerMode = present && agent.enable && agent.container.enable;
  inherit (agent.container) backend;

  # As the upstream module makes it: what its service runs, with everything that was added to the package.
  effectivePackage =
    if agent.extraPythonPackages == [ ] && agent.extraDependencyGroups == [ ] then
      agent.package
    else
      agent.package.override { inherit (agent) extraPythonPackages extraDependencyGroups; };

  package =
    if cfg.nativePackage == null then
      cfg.package
    else
      cfg.package.override { inherit (cfg) nativePackage; };

  # Whose members the engine's socket serves. podman's needs no sudo, so that it serves units under NoNewPrivileges, too.
  group = backend;
in
{
  options.programs.hermes-shim = {
    enable = lib.mkEnableOption ''
      hermes-shim: `hermes` on this host then runs in the managed container of
      `services.hermes-agent`, as if it were local
    '';

    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.callPackage ./package.nix { };
      defaultText = lib.literalMD "the shim of this flake";
      description = "The shim.";
    };

    nativePackage = lib.mkOption {
      type = lib.types.nullOr lib.types.package;
      default = if present then effectivePackage else null;
      defaultText = lib.literalMD "the package of `services.hermes-agent`, with its extra Python packages and groups";
      description = ''
        The hermes that runs on this host where a call is not routed: without container mode, and with
        `HERMES_DEV=1`. `null`: the next `hermes` on `PATH`.

        It is never the other way round: `services.hermes-agent.package` must not be the shim, since the container
        runs that package, and would call itself.
      '';
    };

    users = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "alice" ];
      description = ''
        Users who may enter the managed container. With docker they join the `docker` group, with podman the
        `podman` group, to which NixOS gives the socket of root's podman. **Both are equal to being root on this
        host**: who controls the engine can mount the host's disk into a container.

        No sudo is needed, so a unit of such a user works under `NoNewPrivileges`, too. Who was logged in before has
        to log in again.

        That they see the hermes home as well is `services.hermes-agent.container.hostUsers`.
      '';
    };
  };

  config = lib.mkIf cfg.enable (
    lib.mkMerge [
      {
        assertions = [
          {
            assertion = present;
            message = ''
              programs.hermes-shim stands in front of services.hermes-agent, which this system does not have.
              Add hermes-agent.nixosModules.default to its modules.
            '';
          }
          {
            assertion = !present || (agent.package.pname or "") != "hermes-shim";
            message = ''
              services.hermes-agent.package is the shim. The container runs that package, so it would call itself.
              Leave it at hermes; programs.hermes-shim.enable is enough.
            '';
          }
        ];
        # Before the upstream module's own, where services.hermes-agent.addToSystemPackages is set.
        environment.systemPackages = [ (lib.hiPrio package) ];
        warnings = lib.optional (present && !containerMode) ''
          programs.hermes-shim has nothing to route: services.hermes-agent.container.enable is false. `hermes` runs
          on this host as before.
        '';
      }

      (lib.mkIf containerMode {
        # The metadata lies where the container can write it. This is the same, where it cannot.
        environment.etc."hermes-shim/container-mode".text = ''
          # Written by programs.hermes-shim. The container cannot change this file.
          backend=${backend}
          container_name=hermes-agent
          exec_user=${agent.user}
          hermes_bin=/data/current-package/bin/hermes
          hermes_home=${lib.removeSuffix "/" agent.stateDir}/.hermes
        '';
      })

      (lib.mkIf containerMode {
        users.users = lib.genAttrs cfg.users (_user: {
          extraGroups = [ group ];
        });
      })

      (lib.mkIf (containerMode && backend == "podman") {
        virtualisation.podman.enable = lib.mkDefault true;
        warnings = lib.optional (cfg.users != [ ] && !config.virtualisation.podman.enable) ''
          programs.hermes-shim: virtualisation.podman.enable is false, so there is neither a socket of root's podman
          nor a group podman that programs.hermes-shim.users could join. Give them podman in another way, with a
          sudo rule for it.
        '';
      })
    ]
  );
}
