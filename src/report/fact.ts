/** A decision of the hot path, as values: `doctor` and `explain` read these. People read what `formatFact` makes of them. */
export type Fact =
  /** what `HERMES_DEV` is */
  | { readonly about: 'bypass'; readonly dev: string | undefined }
  | { readonly about: 'inside'; readonly inside: boolean }
  /** the pin's file, and the home that it speaks for, where there is a pin */
  | { readonly about: 'pin'; readonly file: string; readonly home: string | undefined }
  | HomeFact
  /** the home is one on a volume: its path is the container's, and a user's own file says so */
  | { readonly about: 'home'; readonly volume: string; readonly path: string; readonly from: string }
  | { readonly about: 'metadata'; readonly file: string; readonly pinned: boolean }
  | MetadataLine
  | { readonly about: 'engine'; readonly engine: string; readonly binary: string | undefined }
  | AccessFact
  | { readonly about: 'probe'; readonly socket: string; readonly answered: boolean }
  | ProbeFact
  | TransportFact
  | {
      readonly about: 'same home';
      readonly containerHome: string;
      readonly home: string;
      readonly volume?: string | undefined;
    }
  /** why it is not, as the end of a sentence that begins with the container */
  | { readonly about: 'same home'; readonly why: string }
  | { readonly about: 'ready'; readonly young: boolean; readonly missing: string | undefined }
  /** not asked for: the start itself shows it */
  | { readonly about: 'ready'; readonly shows: 'at the start' }
  | { readonly about: 'ready'; readonly user: string; readonly numbers: string };

/** What a decision is about, in the order of a call; the plan of a session comes last. */
export type Topic = Fact['about'] | 'session';

/** Which home it is, and how it was come by. */
export type HomeFact = {
  readonly about: 'home';
  readonly path: string;
  readonly visible: boolean;
  /** `HERMES_HOME`, `the pin`, or the path by which it was found */
  readonly from: string;
  readonly root: string;
  readonly profile: string | undefined;
};

/** A line of the metadata that counts. */
export type MetadataLine = {
  readonly about: 'metadata';
  readonly line: number;
  readonly key: string;
  readonly value: string;
};

/** What an inspect of the container answered. */
export type ProbeFact = {
  readonly about: 'probe';
  /** the command as a person types it */
  readonly command: string;
  /** the container's state in the engine's word, or why there is none */
  readonly answer: string;
  readonly runningSinceMs: number | undefined;
  readonly id: string | undefined;
};

/** By which sudo or doas an engine is reached, or by the socket of which service of podman's; `undefined`: directly. */
export type AccessFact =
  | { readonly about: 'access'; readonly elevation: string | undefined }
  | { readonly about: 'access'; readonly socket: string };

/** How the engine is spoken to: by its API on a socket, or by its client, and why. */
export type TransportFact =
  | { readonly about: 'transport'; readonly socket: string; readonly version: string }
  | { readonly about: 'transport'; readonly engine: string; readonly why: WhyClient };

/** Why an engine is spoken to by its client and not by its API. */
export type WhyClient =
  /** it has to be run as root, by this */
  | { readonly kind: 'sudo'; readonly tool: string }
  /** this variable makes the client speak as only it knows */
  | { readonly kind: 'setting'; readonly name: string }
  /** what the settings name is another machine, or a name that only the client can look up */
  | { readonly kind: 'elsewhere'; readonly address: string }
  | { readonly kind: 'no-socket'; readonly socket: string }
  /** the socket is neither root's nor the caller's */
  | { readonly kind: 'stranger'; readonly socket: string }
  /** nobody answered there who has the container and speaks a version that we know */
  | { readonly kind: 'unanswered'; readonly socket: string };

/** A fact as a sentence, without what it is about; not yet escaped. */
export function formatFact(fact: Fact): string {
  switch (fact.about) {
    case 'bypass':
      return `HERMES_DEV is ${fact.dev === undefined ? 'not set' : `'${fact.dev}'`}`;
    case 'inside':
      return fact.inside ? 'in the managed container already' : 'not in the managed container';
    case 'pin':
      return fact.home === undefined ? `none (${fact.file})` : `${fact.file} speaks for ${fact.home}`;
    case 'home': {
      if ('volume' in fact) return `volume ${fact.volume}, ${fact.path} in the container (by ${fact.from})`;
      const by = fact.from === fact.path ? '' : ` (by ${fact.from})`;
      const profile = fact.profile === undefined ? '' : `, profile ${fact.profile} of ${fact.root}`;
      return `${fact.path}${by}${profile}${fact.visible ? '' : ' (not there)'}`;
    }
    case 'metadata':
      if ('line' in fact) return `line ${fact.line}: ${fact.key}=${fact.value}`;
      return fact.pinned ? `the pin decides: ${fact.file}` : fact.file;
    case 'engine':
      return fact.binary ? `${fact.engine} is ${fact.binary}` : `${fact.engine} was not found`;
    case 'access':
      if ('socket' in fact) return `by the socket of podman's service, ${fact.socket}`;
      return fact.elevation === undefined ? 'directly' : `by ${fact.elevation} -n`;
    case 'probe':
      if ('socket' in fact)
        return `${fact.answered ? '' : 'not '}answered on ${fact.socket}, without the engine's client`;
      return `${fact.command}: ${fact.answer}${formatSince(fact)}${fact.id ? `, id ${fact.id}` : ''}`;
    case 'transport':
      if ('socket' in fact) return `by the API, version ${fact.version}, on ${fact.socket}`;
      return `by ${fact.engine}'s client: ${formatWhy(fact.why)}`;
    case 'same home':
      if ('why' in fact) return `no: it ${fact.why}`;
      return `${fact.containerHome} in there is ${fact.volume ? `on volume ${fact.volume}` : `${fact.home} here`}`;
    case 'ready':
      if ('user' in fact) return `no user ${fact.user} in there, its numbers are ${fact.numbers}`;
      if ('shows' in fact) return 'the container is young: the start shows whether user and binary are there';
      if (!fact.young) return 'the container is up for long: user and binary are not asked for';
      return `the container is young: ${fact.missing ?? 'user and binary are there'}`;
  }
}

/** Since when a container runs, with a blank in front; empty where it does not. */
export function formatSince({ runningSinceMs }: ProbeFact): string {
  return runningSinceMs === undefined ? '' : ` since ${new Date(runningSinceMs).toISOString()}`;
}

function formatWhy(why: WhyClient): string {
  switch (why.kind) {
    case 'sudo':
      return `${why.tool} runs it as root`;
    case 'setting':
      return `${why.name} is set, which it follows`;
    case 'elsewhere':
      return `only it knows the way to ${why.address}`;
    case 'no-socket':
      return `there is no ${why.socket} for this user`;
    case 'stranger':
      return `${why.socket} belongs neither to root nor to this user`;
    case 'unanswered':
      return `nobody on ${why.socket} answered for this container`;
  }
}
