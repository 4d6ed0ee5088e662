# What nix/module.nix makes of a configuration. `agent`: services.hermes-agent, or null where it is not there.
{
  settings ? { },
  agent ? null,
  podman ? true,
}:
let
  stub = import ./stub.nix;
  package = name: {
    inherit name;
    pname = name;
    override = arguments: package "${name} with ${builtins.toJSON (builtins.mapAttrs (_: plain) arguments)}";
  };
  plain = value: value.name or value;
  defaults = {
    enable = false;
    package = package "hermes-agent";
    user = "hermes";
    stateDir = "/var/lib/hermes";
    extraPythonPackages = [ ];
    extraDependencyGroups = [ ];
    container = {
      enable = false;
      backend = "docker";
    };
  };
  present = agent != null;
  upstream =
    defaults
    // agent
    // {
      container = defaults.container // (agent.container or { });
      package = if agent ? package then package agent.package else defaults.package;
    };
  module = import ../../nix/module.nix {
    inherit (stub) lib;
    pkgs.callPackage = _: _: package "hermes-shim";
    options = if present then { services.hermes-agent = { }; } else { };
    config = {
      programs.hermes-shim =
        builtins.mapAttrs (_: option: option.default) module.options.programs.hermes-shim // settings;
      virtualisation.podman.enable = podman;
    }
    // (if present then { services.hermes-agent = upstream; } else { });
  };
  result = stub.merge [ module.config ];
in
if result == null then
  null
else
  result
  // {
    assertions = map (entry: entry.message) (builtins.filter (entry: !entry.assertion) result.assertions);
    environment = result.environment // {
      systemPackages = map (entry: {
        inherit (entry) name;
        first = entry.first or false;
      }) result.environment.systemPackages;
    };
  }
