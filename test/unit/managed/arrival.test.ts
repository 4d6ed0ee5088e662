import { expect, it } from 'vitest';
import { findDetour } from '../../../src/companion/arrival.ts';
import { Failure } from '../../../src/report/failure.ts';
import type { ContainerRoute } from '../../../src/route/decide.ts';

const home = '/s/.hermes';
const into = (homeRoot: string, more: Partial<ContainerRoute> = {}): ContainerRoute => ({
  kind: 'container',
  metadata: { containerName: 'theirs' } as ContainerRoute['metadata'],
  file: `${homeRoot}/.container-mode`,
  homePath: homeRoot,
  homeRoot,
  profile: undefined,
  ownerUid: 1000,
  ...more,
});

it('who gets into the container is told so, by a profile of its home, too', () => {
  expect(findDetour(into(home), home, undefined)).toBeUndefined();
  expect(
    findDetour(into(home, { homePath: `${home}/profiles/p` }), home, `${home}/profiles/p`),
  ).toBeUndefined();
});

it.each([
  [
    'a pin of their own',
    into('/opt/data', { volume: { name: 'v', home: '/opt/data' }, file: '/home/me/.config/pin' }),
    undefined,
    "another container, 'theirs', by /home/me/.config/pin",
    'hermes-shim disable',
  ],
  [
    'another home',
    into('/other'),
    '/other',
    'HERMES_HOME is /other, another home than /s',
    'unset HERMES_HOME',
  ],
  [
    'another home without a container',
    { kind: 'native', why: 'no container metadata in /other' } as const,
    '/other',
    'HERMES_HOME is /other',
    'unset HERMES_HOME',
  ],
  [
    'no home',
    { kind: 'native', why: 'there is no hermes home and no pin' } as const,
    undefined,
    'runs on this host: there is no hermes home and no pin',
    'hermes-shim explain',
  ],
  [
    'a pin that cannot be read',
    new Failure(125, 'the pin is odd', [{ label: 'look', text: 'ls -l pin' }]),
    undefined,
    'does not get there: the pin is odd',
    'ls -l pin',
  ],
])(
  'who does not, since there is %s, is told with the command that lets them',
  (_, route, named, says, fix) => {
    expect(findDetour(route, home, named)).toEqual({ says: expect.stringContaining(says), fix });
  },
);
