/** Wrong usage: a sentence; the exit code is 2, as everywhere. */
export class UsageError extends Error {}
