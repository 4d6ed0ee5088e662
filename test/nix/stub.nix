# As much of nixpkgs as nix/ uses: an option system that merges one module's definitions, and packages that are names.
let
  inherit (builtins)
    attrNames
    concatLists
    concatStringsSep
    filter
    foldl'
    head
    isAttrs
    isList
    length
    listToAttrs
    map
    sort
    stringLength
    substring
    ;

  lib = {
    mkOption = option: option // { _type = "option"; };
    mkEnableOption = _: {
      _type = "option";
      default = false;
    };
    mkIf = condition: content: {
      _type = "if";
      inherit condition content;
    };
    mkMerge = contents: {
      _type = "merge";
      inherit contents;
    };
    mkDefault = content: {
      _type = "default";
      inherit content;
    };
    literalMD = text: text;
    types = {
      package = null;
      str = null;
      nullOr = _: null;
      listOf = _: null;
    };
    optional = condition: value: if condition then [ value ] else [ ];
    optionalString = condition: text: if condition then text else "";
    genAttrs =
      names: make:
      listToAttrs (
        map (name: {
          inherit name;
          value = make name;
        }) names
      );
    removeSuffix =
      suffix: text:
      let
        rest = stringLength text - stringLength suffix;
      in
      if rest >= 0 && substring rest (-1) text == suffix then substring 0 rest text else text;
    hiPrio = package: package // { first = true; };
    importJSON = file: builtins.fromJSON (builtins.readFile file);
    inherit attrNames;
    getBin = package: package.path;
    getExe = package: package.exe;
    getExe' = package: name: "${package.path}/bin/${name}";
    fileset = {
      toSource = { fileset, ... }: fileset;
      unions = files: map (file: if builtins.pathExists file then toString file else throw "no ${toString file}") files;
    };
    licenses.mit = "MIT";
    platforms.linux = [ ];
  };

  # Definitions of one value, innermost conditions resolved: a list of what remains.
  resolve =
    value:
    if !isAttrs value then
      [ value ]
    else if (value._type or "") == "if" then
      (if value.condition then resolve value.content else [ ])
    else if (value._type or "") == "merge" then
      concatLists (map resolve value.contents)
    else
      [ value ];

  isDefault = value: isAttrs value && (value._type or "") == "default";

  merge =
    definitions:
    let
      all = concatLists (map resolve definitions);
      strong = filter (value: !isDefault value) all;
      values = if strong == [ ] then map (value: value.content) all else strong;
      names = attrNames (foldl' (sum: value: sum // value) { } values);
    in
    if values == [ ] then
      null
    else if isList (head values) then
      concatLists values
    else if isAttrs (head values) && !((head values) ? name) then
      lib.genAttrs names (name: merge (concatLists (map (value: lib.optional (value ? ${name}) value.${name}) values)))
    else if length values == 1 then
      head values
    else
      throw "defined ${toString (length values)} times: ${concatStringsSep ", " (map toString (sort (a: b: a < b) values))}";
in
{
  inherit lib merge;
}
