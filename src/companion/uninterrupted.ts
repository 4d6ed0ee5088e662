/** How much is being done that must not be left halfway. */
let atWork = 0;

/**
 * Does something that is finished even where nobody reads any longer what is told about it (`| head -1`): between two
 * of its steps there may be no container.
 */
export async function uninterrupted<T>(work: () => Promise<T>): Promise<T> {
  atWork++;
  try {
    return await work();
  } finally {
    atWork--;
  }
}

/** Ends the program when nobody reads its stdout any longer, unless it is at such a work. */
export function exitWhenUnread(): void {
  if (atWork === 0) process.exit(1);
}
