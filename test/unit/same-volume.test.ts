import { describe, expect, it } from 'vitest';
import { judgeSameVolume } from '../../src/engine/same-home.ts';
import { containerLike } from './containers.ts';

const volume = { name: 'hermes-home', home: '/opt/data' };
const at = (destination: string, name = 'hermes-home', writable = true) => ({ name, destination, writable });
const env = (home: string) => new Map([['HERMES_HOME', home]]);

describe('a container is the one of a home on a volume', () => {
  it.each([
    ['at the home itself', '/opt/data', [at('/opt/data')], ['/opt/data']],
    ['above the home', '/opt/data', [at('/opt')], ['/opt']],
    ['of a home that was typed with a slash', '/opt/data/', [at('/opt/data')], ['/opt/data']],
  ])('where it has the volume %s', (_, home, volumes, destinations) => {
    const container = containerLike({ env: env(home), volumes, destinations, binds: [] });
    expect(judgeSameVolume(container, volume)).toEqual({ same: true, containerHome: home });
  });

  it.each([
    ['has another volume there', '/opt/data', [at('/opt/data', 'other')], ['/opt/data'], "'other'"],
    [
      'has a name that only begins so',
      '/opt/data',
      [at('/opt/data', 'hermes-home-2')],
      ['/opt/data'],
      'not on',
    ],
    ['has the volume elsewhere', '/opt/data', [at('/srv')], ['/srv'], 'lies on no volume'],
    ['has it beside', '/opt/data', [at('/opt/da')], ['/opt/da'], 'lies on no volume'],
    ['has something over it', '/opt/data', [at('/opt')], ['/opt', '/opt/data'], 'lies on no volume'],
    ['has it read-only', '/opt/data', [at('/opt/data', 'hermes-home', false)], ['/opt/data'], 'read-only'],
    ['declares a home below', '/opt/data/x', [at('/opt/data')], ['/opt/data'], 'not /opt/data'],
    ['declares a path with dots', '/opt/data/../data2', [at('/opt')], ['/opt'], 'not /opt/data'],
    ['declares nothing', '', [at('/opt/data')], ['/opt/data'], 'declares no home'],
  ])('but not where it %s', (_, home, volumes, destinations, why) => {
    const container = containerLike({ env: env(home), volumes, destinations, binds: [] });
    expect(judgeSameVolume(container, volume)).toMatchObject({
      same: false,
      why: expect.stringContaining(why),
    });
  });

  it('where a directory of the host of that name is mounted, it is no volume', () => {
    const container = containerLike({
      env: env('/opt/data'),
      binds: [{ source: '/hermes-home', destination: '/opt/data', writable: true }],
      destinations: ['/opt/data'],
    });
    expect(judgeSameVolume(container, volume)).toMatchObject({ same: false });
  });
});
