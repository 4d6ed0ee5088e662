import { composedBy } from './compose.ts';
import type { Container } from './container.ts';

/** What a container does for a home: upstream's compose file has one that runs the gateway and one for the dashboard. */
export type Role = 'gateway' | 'dashboard' | undefined;

/** By what it runs; where that says nothing, by the name of its service. */
export function roleOf(container: Container): Role {
  const words = [...container.command, composedBy(container)?.service.name];
  return words.find((word) => word === 'gateway' || word === 'dashboard') as Role;
}
