import { type Role, roleOf } from '../engine/role.ts';
import type { Candidate } from './candidates.ts';

/** A container chosen of several, and why, as the end of a sentence that begins with its name. */
export type Choice = { readonly chosen: Candidate; readonly why: string };

/** Of several containers with one home hermes belongs to the one that runs its gateway. */
export function chooseGateway(ours: readonly Candidate[]): Choice | undefined {
  const of = (role: Role): readonly Candidate[] => ours.filter(({ container }) => roleOf(container) === role);
  const [gateways, others] = [of('gateway'), of(undefined)];
  const names = (list: readonly Candidate[]): string =>
    list.map(({ container }) => `'${container.name}'`).join(', ');
  const rest = (chosen: Candidate): string => names(ours.filter((one) => one !== chosen));
  if (gateways.length === 1 && gateways[0])
    return { chosen: gateways[0], why: `runs the gateway, ${rest(gateways[0])} does not` };
  if (gateways.length === 0 && others.length === 1 && others[0])
    return { chosen: others[0], why: `is not for the dashboard, ${rest(others[0])} is` };
  return undefined;
}
