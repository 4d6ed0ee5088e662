import { escapeControls } from '../../report/escape.ts';
import { pinFile } from '../../route/pin.ts';
import type { Ownership } from '../write/dir.ts';

/** One thing that `up` does; paths are the host's, absolute. */
export type Step =
  | {
      readonly kind: 'make-user';
      readonly user: string;
      readonly group: string | undefined;
      readonly home: string;
    }
  | { readonly kind: 'join-group'; readonly user: string; readonly group: string }
  | {
      readonly kind: 'directory';
      readonly path: string;
      readonly ownership: Ownership;
      readonly there: boolean;
    }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly content: Buffer;
      readonly ownership: Ownership;
      /** what was there, for `--diff` */
      readonly before: Buffer | undefined;
      /** its text is never shown, only the names that it sets */
      readonly secret: boolean;
      /** where a link leads that has the name now: it is replaced, never followed */
      readonly link?: string | undefined;
    }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'gc-root'; readonly path: string; readonly target: string; readonly tool: string }
  | { readonly kind: 'pull'; readonly image: string }
  /** `why` is what changed; what only the old container has is lost */
  | {
      readonly kind: 'put-aside';
      readonly why: string;
      /** it has to be stopped */
      readonly running: boolean;
      /** what an earlier run had put aside: dropped for this one, or kept in its place, since this one has never run */
      readonly older: 'none' | 'dropped' | 'kept';
    }
  | { readonly kind: 'create'; readonly argv: readonly string[]; readonly identity: string }
  | { readonly kind: 'policy'; readonly policy: string }
  /** `there`: one of ours is, which says something else */
  | { readonly kind: 'unit'; readonly path: string; readonly text: string; readonly there: boolean }
  /** the unit that starts what the container was called before */
  | { readonly kind: 'drop-unit'; readonly path: string; readonly containerName: string }
  | { readonly kind: 'start' }
  /** the unit starts to look after a container that runs */
  | { readonly kind: 'watch' }
  | { readonly kind: 'ready' }
  /** the container that was put aside gets its name back; `loses`: from one that has run, and is removed for it */
  | { readonly kind: 'put-back'; readonly loses: boolean }
  | { readonly kind: 'drop-aside' }
  | { readonly kind: 'pin'; readonly text: string }
  | { readonly kind: 'unpin' }
  | {
      readonly kind: 'bridge';
      readonly user: string;
      readonly userHome: string;
      readonly uid: number;
      readonly gid: number;
      readonly target: string;
      /** what has the name now: a directory with data is put aside */
      readonly now: 'nothing' | 'link' | 'directory';
      /** where that link leads: to another home */
      readonly from?: string | undefined;
    }
  | { readonly kind: 'unbridge'; readonly userHome: string; readonly target: string };

/** A plan: what is done, in this order, and what somebody should know. */
export type Plan = {
  readonly steps: readonly Step[];
  readonly notes: readonly string[];
  readonly identity: string;
};

/** Does a step take away what cannot be brought back, so that a person is asked? */
export function losesSomething(step: Step): boolean {
  return (
    step.kind === 'put-aside' ||
    (step.kind === 'put-back' && step.loses) ||
    (step.kind === 'bridge' && (step.now === 'directory' || step.from !== undefined)) ||
    (step.kind === 'file' && step.link !== undefined && personal.test(step.path))
  );
}

/** Files that a person may keep elsewhere, behind a link; no other link is anybody's but ours or the container's. */
const personal = /\/\.hermes\/(config\.yaml|\.env|auth\.json)$/;

/** A step in words, as the end of "would …" or after a tick. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'make-user':
      return `make the system user ${step.user}${step.group && step.group !== step.user ? ` with group ${step.group}` : ''}`;
    case 'join-group':
      return `let ${step.user} into group ${step.group} (counts from the next login)`;
    case 'directory':
      return step.there
        ? `give ${step.path} to its owner, mode ${octal(step)}`
        : `make ${step.path}, mode ${octal(step)}`;
    case 'file':
      return `${step.before === undefined ? 'write' : 'change'} ${step.path}${inPlaceOf(step)}`;
    case 'link':
      return `link ${step.path} to ${step.target}`;
    case 'remove':
      return `remove ${step.path}`;
    case 'gc-root':
      return `keep ${step.target} from nix-collect-garbage by ${step.path}`;
    case 'pull':
      return `pull ${step.image}`;
    case 'put-aside':
      return `replace the container: ${step.why}. What was installed in it (apt, pip, npm) is lost; state and home stay${step.older === 'dropped' ? '. One that a run before had put aside is removed' : ''}`;
    case 'create':
      return 'create the container';
    case 'policy':
      return `set the container's restart policy to ${step.policy}`;
    case 'unit':
      return step.there
        ? `bring ${step.path} up to date, by which the container starts at boot`
        : `install ${step.path}: the container starts at boot`;
    case 'drop-unit':
      return `disable and remove ${step.path}, which starts container '${step.containerName}'`;
    case 'watch':
      return 'let systemd look after the container that runs';
    case 'start':
      return 'start the container';
    case 'ready':
      return 'wait until hermes can be run in it';
    case 'put-back':
      return `take back the container that a run before had put aside${step.loses ? ', and remove the one that has its name now. What was installed in that (apt, pip, npm) is lost; state and home stay' : ''}`;
    case 'drop-aside':
      return 'remove the container that was replaced';
    case 'pin':
      return `pin it in ${pinFile}, where the container cannot change it`;
    case 'unpin':
      return `remove its pin, ${pinFile}`;
    case 'bridge':
      return `link ${step.userHome}/.hermes to ${step.target}${besides(step)}`;
    case 'unbridge':
      return `remove the link ${step.userHome}/.hermes`;
  }
}

/** Such a file holds only what is declared: what stands behind the link is not read. */
function inPlaceOf({ link }: { link?: string | undefined }): string {
  return link === undefined
    ? ''
    : ` in place of the link to ${escapeControls(link, 300)}, which is not followed; what is there stays, and is not taken over`;
}

function besides({ now, from, userHome }: Extract<Step, { kind: 'bridge' }>): string {
  if (now === 'directory') return `; the directory that is there is kept as ${userHome}/.hermes.bak.<time>`;
  return from === undefined
    ? ''
    : ` in place of the link to ${escapeControls(from, 300)}; what is there stays, and hermes no longer uses it`;
}

const octal = ({ ownership }: { ownership: Ownership }): string => `0${ownership.mode.toString(8)}`;
