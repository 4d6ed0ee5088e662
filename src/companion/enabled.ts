import { escapeControls } from '../report/escape.ts';
import type { Service } from '../route/metadata.ts';
import { type Answer, mark, type Status } from './answer.ts';
import type { Chosen } from './choose.ts';
import type { Target } from './target.ts';

/** What `enable` has found and done. */
export type Enabled = Chosen & {
  readonly target: Target;
  readonly user: string;
  readonly bin: string;
  readonly service: Service | undefined;
  /** the metadata */
  readonly text: string;
  /** how it was written; `undefined`: it was not */
  readonly written: string | undefined;
  /** the user was told, not found */
  readonly told: boolean;
};

/** Tells it. */
export function enabled(found: Enabled): Answer {
  const { chosen, why, target, user, bin, service, text, written } = found;
  const { container, via } = chosen;
  const { home, containerHome, volume, file } = target;
  return {
    code: 0,
    json: {
      home: volume ? null : home,
      volume: volume?.name ?? null,
      backend: via.engine,
      access: via.access.kind,
      container: container.name,
      containerHome,
      user,
      bin,
      hostNetwork: container.hostNetwork,
      project: service?.project ?? null,
      service: service?.name ?? null,
      why: why ?? null,
      file,
      written: written !== undefined,
    },
    text: (look) => {
      const line = (status: Status, says: string): string =>
        `${mark(status, look)} ${escapeControls(says, 500)}\n`;
      return [
        line(
          'ok',
          `home ${home} is ${containerHome} in container '${container.name}' (${via.engine}${via.access.kind === 'sudo' ? ` by ${via.access.tool}` : ''})`,
        ),
        service ? line('ok', `made by compose: service ${service.name} of project ${service.project}`) : '',
        why ? line('ok', `of the running containers with this home, '${container.name}' ${why}`) : '',
        line('ok', `user ${user}${found.told ? '' : `, who owns ${containerHome} in there`}`),
        line('ok', `hermes is ${bin} in there`),
        container.hostNetwork
          ? ''
          : line(
              'warning',
              "the container has a network of its own: what hermes listens on in there (OAuth callbacks) does not answer on this host's 127.0.0.1; make it again with --network=host if you need that",
            ),
        written === undefined
          ? `Would write ${escapeControls(file)}:\n\n${shownText(text)}`
          : line('ok', `wrote ${file} (${written})`),
        written === undefined
          ? ''
          : '\nhermes now runs in the container. Try:  hermes --version\nBack again:                             hermes-shim disable\n',
      ].join('');
    },
  };
}

/** Line by line as it would be written. */
function shownText(text: string): string {
  return text
    .split('\n')
    .map((line) => escapeControls(line, 5000))
    .join('\n');
}
