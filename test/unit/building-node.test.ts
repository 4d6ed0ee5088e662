import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { canBuild } from '../../scripts/building-node.ts';

it('a node builds the shim if the bundler takes it', () => {
  const bundler = readFileSync(new URL(import.meta.resolve('rolldown/package.json')), 'utf8');
  expect(JSON.parse(bundler).engines.node).toBe('^20.19.0 || >=22.12.0');
  for (const version of ['20.19.0', '20.20.2', '22.12.0', '24.0.0', '26.10.0'])
    expect([version, canBuild(version)]).toEqual([version, true]);
  for (const version of ['12.22.12', '18.20.0', '20.18.3', '21.7.0', '22.11.0'])
    expect([version, canBuild(version)]).toEqual([version, false]);
});
