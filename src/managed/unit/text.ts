import { quoteUnitWord } from './quote.ts';

/** What a unit is made of. */
export type UnitFacts = {
  readonly asRoot: boolean;
  readonly engine: 'docker' | 'podman';
  /** the engine's absolute path */
  readonly binary: string;
  readonly containerName: string;
  readonly restart: 'always' | 'on-failure' | 'no';
  readonly restartSec: number;
  /** by which the engine is reached, where the caller's own environment said so */
  readonly env: Readonly<Record<string, string>>;
};

/** The first line of our units: by it `--uninstall` knows its own. */
export const unitMarker = '# Written by hermes-shim up --install; hermes-shim up --uninstall removes it.';

/** What the unit of a container is called: the guide's name, unless the container has another. */
export const unitName = (containerName: string): string => `${containerName}.service`;

/**
 * The systemd unit that starts the container, as the guide's does: attached, so that its log is the journal's and its end
 * the unit's. Pure.
 */
export function unitText(of: UnitFacts): string {
  const engine = quoteUnitWord(of.binary);
  const name = quoteUnitWord(of.containerName);
  const daemon = of.asRoot && of.engine === 'docker';
  const lines = [
    unitMarker,
    '[Unit]',
    'Description=Hermes Agent (container)',
    'Wants=network-online.target',
    `After=network-online.target${daemon ? ' docker.service' : ''}`,
    ...(daemon ? ['Requires=docker.service'] : []),
    '',
    '[Service]',
    'Type=simple',
    ...Object.entries(of.env).map(([key, value]) => `Environment=${quoteUnitWord(`${key}=${value}`)}`),
    `ExecStart=${engine} start --attach ${name}`,
    `ExecStop=${engine} stop -t 10 ${name}`,
    `Restart=${of.restart}`,
    `RestartSec=${of.restartSec}`,
    // both clients end so when they are told to stop
    'SuccessExitStatus=143 SIGTERM',
    'TimeoutStopSec=30',
    '',
    '[Install]',
    `WantedBy=${of.asRoot ? 'multi-user.target' : 'default.target'}`,
  ];
  return `${lines.join('\n')}\n`;
}
