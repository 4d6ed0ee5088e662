import { expect, it } from 'vitest';
import { managedBy } from '../../../src/managed/plan/layout.ts';
import { isInside } from '../../../src/route/inside.ts';

it('the sentence that hermes-shim up puts into HERMES_MANAGED says that this is the inside', () => {
  expect(isInside({ HERMES_MANAGED: managedBy }, () => true)).toBe(true);
  expect(isInside({ HERMES_MANAGED: managedBy }, () => false)).toBe(false);
});
