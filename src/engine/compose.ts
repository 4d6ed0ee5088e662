import { dirname, join } from 'node:path';
import { escapeControls } from '../report/escape.ts';
import { quoteWord } from '../report/quote.ts';
import type { Engine, Service } from '../route/metadata.ts';
import type { Container } from './container.ts';
import { toContainerPath } from './mounts.ts';

/** How a container was made by compose, by the labels that docker compose, docker-compose and podman-compose all set. */
export type Composed = {
  readonly service: Service;
  /** the compose files, absolute where the labels say enough */
  readonly files: readonly string[];
  readonly directory: string | undefined;
  /** what the person typed who made it */
  readonly tool: ComposeTool;
};

/** `podman compose` finds podman's socket by itself, where a bare docker-compose would ask docker. */
export type ComposeTool = 'docker compose' | 'docker-compose' | 'podman compose' | 'podman-compose';

const prefix = 'com.docker.compose';

/** @returns `undefined` where no compose made it, or its names are none that compose accepts */
export function composedBy(
  { labels }: Pick<Container, 'labels'>,
  engine: Engine = 'docker',
): Composed | undefined {
  const [project, name] = [labels.get(`${prefix}.project`), labels.get(`${prefix}.service`)];
  if (!isName(project) || !isName(name)) return undefined;
  const directory = labels.get(`${prefix}.project.working_dir`) || undefined;
  const files = (labels.get(`${prefix}.project.config_files`) ?? '').split(',').filter(Boolean);
  return {
    service: { project, name },
    files: files.map((file) => (file.startsWith('/') || !directory ? file : join(directory, file))),
    directory,
    tool: toolOf(labels, engine),
  };
}

function isName(value: string | undefined): value is string {
  return value !== undefined && /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/.test(value);
}

function toolOf(labels: Container['labels'], engine: Engine): ComposeTool {
  if (labels.has('io.podman.compose.project')) return 'podman-compose';
  if (engine === 'podman') return 'podman compose';
  return labels.get(`${prefix}.version`)?.startsWith('1.') ? 'docker-compose' : 'docker compose';
}

/**
 * What a person types to compose about a container of its making. Labels can also come from an image, so a compose
 * file is named only where the container could not write it: advice is pasted.
 * @param words as in `up -d`; the service's name follows
 */
export function composeCommand(
  container: Container,
  engine: Engine,
  words: string,
  realPath: (path: string) => string,
): string | undefined {
  const composed = composedBy(container, engine);
  if (composed === undefined) return undefined;
  const { files, directory, service, tool } = composed;
  const own = files.every((file) => file.startsWith('/') && !canWrite(container, file, realPath));
  if (files.length === 0 || !own) return serviceCommand(service, words, tool);
  const named = projectOf(directory ?? dirname(files[0] ?? '/')) === service.project;
  const options = [
    ...files.map((file) => `-f ${quoteWord(escapeControls(file))}`),
    ...(named ? [] : [`-p ${service.project}`]),
  ];
  return `${tool} ${options.join(' ')} ${words} ${service.name}`;
}

/** The same where only the service's name is known: compose looks for its file in the directory it is called in. */
export function serviceCommand(service: Service, words: string, tool: ComposeTool): string {
  return `${tool} -p ${service.project} ${words} ${service.name}   # where its compose file lies`;
}

/** The name that compose gives a project by its directory: lower case, and only letters, digits, `-` and `_`. */
function projectOf(directory: string): string {
  const name = directory.slice(directory.lastIndexOf('/') + 1);
  return name.toLowerCase().replace(/[^a-z0-9_-]/g, '');
}

function canWrite(container: Container, file: string, realPath: (path: string) => string): boolean {
  const binds = container.binds.filter(({ writable }) => writable);
  return [file, realPath(file)].some(
    (path) => toContainerPath(path, { ...container, binds, destinations: [] }, realPath) !== undefined,
  );
}
