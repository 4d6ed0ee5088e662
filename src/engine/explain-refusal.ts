import { escapeControls } from '../report/escape.ts';
import type { Hint } from '../report/failure.ts';
import type { Cause } from './cause.ts';
import type { Circumstances } from './circumstances.ts';
import type { Explanation } from './explanation.ts';
import { joinPodman, privilegeHints, withoutTerminalHints } from './privilege-rules.ts';

/** podman's group stands for what sudo would give: its socket needs no privileges. */
export const withoutSudo = "or without sudo, by podman's socket";

/** The rows of sudo and doas; `name` is the container, in words. */
export function explainRefusal(
  cause: Extract<Cause, { kind: 'sudo-refused' }>,
  name: string,
  about: Circumstances,
): Explanation {
  const rule: Hint[] = [
    ...privilegeHints(cause.tool, about, cause.binary),
    { label: 'or for once', text: `${cause.tool} hermes …` },
  ];
  const socket: Hint[] = cause.engine === 'podman' ? [{ label: withoutSudo, text: joinPodman(about) }] : [];
  const reach = `${name} is reached by ${cause.tool} ${cause.engine}, but ${cause.tool}`;
  switch (cause.refusal) {
    case 'password':
      return { sentence: `${reach} wants a password`, hints: rule };
    // Also where the caller has a terminal: signals, hangups and the watchdog's go by sudo from where there is none.
    case 'no-terminal':
      return {
        sentence: `${reach} wants a terminal (requiretty), and what ends a session whose window was closed has none`,
        hints: withoutTerminalHints(about, cause.binary),
      };
    case 'no-rule':
      return { sentence: `${reach} does not allow it (${escapeControls(cause.detail, 160)})`, hints: rule };
    case 'no-new-privileges':
      return {
        sentence: `${reach} cannot work here: this process may gain no privileges (NoNewPrivileges)`,
        hints: [{ label: 'in the systemd unit', text: 'NoNewPrivileges=false   # or: User=root' }, ...socket],
      };
    case 'not-setuid':
      return {
        sentence: `${reach} is not setuid`,
        hints: [
          {
            label: 'on NixOS',
            text: 'security.sudo.enable = true;   # a setuid one in /run/wrappers/bin; then: sudo nixos-rebuild switch',
          },
          ...socket,
        ],
      };
    case 'other':
      return { sentence: `${reach} failed: ${escapeControls(cause.detail, 160)}`, hints: rule };
  }
}
