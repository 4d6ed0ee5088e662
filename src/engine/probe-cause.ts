import { isShortage } from '../report/shortage.ts';
import type { EngineAccess } from './access.ts';
import { commandPrefix } from './access.ts';
import type { Cause } from './cause.ts';
import type { ProbeResult } from './probe-result.ts';

/** Why there is no container, by a probe that found none. */
export function toCause(result: Exclude<ProbeResult, { kind: 'found' }>, via: EngineAccess): Cause {
  const { engine, binary, access } = via;
  switch (result.kind) {
    case 'absent':
      return { kind: 'absent', engine, prefix: commandPrefix(via) };
    case 'daemon-down':
      return { kind: 'daemon-down', engine, detail: result.detail };
    case 'forbidden':
      return { kind: 'socket-forbidden', engine, binary, detail: result.detail };
    case 'refused': {
      const tool = access.kind === 'sudo' ? access.tool : 'sudo';
      return { kind: 'sudo-refused', engine, binary, tool, refusal: result.refusal, detail: result.detail };
    }
    case 'silent':
      return { ...result, kind: 'engine-silent', engine };
    case 'not-startable':
      if (isShortage(result.detail)) return { kind: 'shortage', engine, code: result.detail };
      return { kind: 'engine-not-executable', engine, file: binary, detail: result.detail };
    case 'nonsense':
      return { kind: 'engine-nonsense', engine, detail: result.detail };
  }
}
