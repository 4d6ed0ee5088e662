import { escapeControls } from '../report/escape.ts';
import type { Hint } from '../report/failure.ts';
import { quoteWord } from '../report/quote.ts';
import type { Circumstances } from './circumstances.ts';
import type { Elevation } from './locate.ts';

/** The NixOS rule that lets one user run one engine without a password. */
export function sudoRule(user: string, binary: string): string {
  return `security.sudo.extraRules = [{ users = [ "${escapeControls(user)}" ]; commands = [{ command = "${escapeControls(binary)}"; options = [ "NOPASSWD" ]; }]; }];   # then: sudo nixos-rebuild switch`;
}

function doasRule(user: string, binary: string): string {
  return `security.doas.extraRules = [{ users = [ "${escapeControls(user)}" ]; cmd = "${escapeControls(binary)}"; noPass = true; }];   # then: doas nixos-rebuild switch`;
}

function sudoersLine(user: string, binary: string): string {
  const rule = `${escapeControls(user)} ALL=(root) NOPASSWD: ${escapeControls(binary)}`;
  return `echo ${quoteWord(rule)} | sudo tee /etc/sudoers.d/hermes-shim`;
}

/** doas.conf(5); as root, since doas is what does not work yet. */
function doasLine(user: string, binary: string): string {
  const rule = `permit nopass ${escapeControls(user)} as root cmd ${escapeControls(binary)}`;
  return `su -c ${quoteWord(`echo ${quoteWord(rule)} >>/etc/doas.conf`)}`;
}

/** sudoers(5): of a command, and so after what is said of all, of a host or of a user, wherever it stands. */
function terminalRule(binary: string): string {
  return `Defaults!${escapeControls(binary)} !requiretty`;
}

/** How to have sudo run this engine for who has no terminal, on NixOS and, where we are not on it, elsewhere. */
export function withoutTerminalHints(
  { onNixos }: Pick<Circumstances, 'onNixos'>,
  binary: string,
): readonly Hint[] {
  const rule = terminalRule(binary);
  const elsewhere: Hint = {
    label: 'elsewhere',
    text: `echo ${quoteWord(rule)} | sudo tee /etc/sudoers.d/hermes-shim-terminal`,
  };
  const nix: Hint = {
    label: 'on NixOS',
    text: `security.sudo.extraConfig = "${rule}";   # then: sudo nixos-rebuild switch`,
  };
  return [nix, ...(onNixos ? [] : [elsewhere])];
}

/** How to let this user run this engine as root without a password, on NixOS and, where we are not on it, elsewhere. */
export function privilegeHints(
  tool: Elevation['tool'],
  { userName, onNixos }: Pick<Circumstances, 'userName' | 'onNixos'>,
  binary: string,
): readonly Hint[] {
  const [nix, line] = tool === 'doas' ? [doasRule, doasLine] : [sudoRule, sudoersLine];
  const elsewhere: Hint = { label: 'elsewhere', text: line(userName, binary) };
  return [{ label: 'on NixOS', text: nix(userName, binary) }, ...(onNixos ? [] : [elsewhere])];
}

type Joiner = Pick<Circumstances, 'userName' | 'onNixos'>;

/** How a user comes into docker's group. */
export function joinDocker({ userName, onNixos }: Joiner): string {
  if (onNixos) return `${nixGroup(userName, 'docker')}   # equal to root; ${afterNix}`;
  return `sudo usermod -aG docker ${quoteWord(escapeControls(userName))}   # equal to root; then log in again`;
}

/**
 * How a user comes to the socket of root's podman: NixOS gives it to group `podman`; elsewhere it is root's alone
 * (podman.socket, tmpfiles.d), and its directory, too.
 */
export function joinPodman({ userName, onNixos }: Joiner): string {
  if (onNixos)
    return `virtualisation.podman.enable = true; ${nixGroup(userName, 'podman')}   # equal to root; ${afterNix}`;
  const script = [
    'groupadd -rf podman',
    `usermod -aG podman ${quoteWord(escapeControls(userName))}`,
    'mkdir -p /etc/systemd/system/podman.socket.d',
    'printf "[Socket]\\nSocketGroup=podman\\n" >/etc/systemd/system/podman.socket.d/group.conf',
    'echo "d /run/podman 0750 root podman" >/etc/tmpfiles.d/podman-group.conf',
    'systemd-tmpfiles --create podman-group.conf',
    'systemctl daemon-reload',
    'systemctl enable podman.socket',
    'systemctl restart podman.socket',
  ].join(' && ');
  return `sudo sh -c ${quoteWord(script)}   # equal to root; then log in again`;
}

/** How a podman's service comes to listen on its socket. */
export function podmanUnit({ own, onNixos }: { own: boolean; onNixos: boolean }): string {
  if (own) return 'systemctl --user enable --now podman.socket';
  if (onNixos) return 'virtualisation.podman.enable = true;   # then: sudo nixos-rebuild switch';
  return 'systemctl enable --now podman.socket';
}

const afterNix = 'then: sudo nixos-rebuild switch, and log in again';

function nixGroup(user: string, group: string): string {
  return `users.users.${escapeControls(user)}.extraGroups = [ "${group}" ];`;
}
