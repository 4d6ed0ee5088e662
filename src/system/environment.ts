/** An environment as node holds one. */
export type Environment = Readonly<Record<string, string | undefined>>;
