/**
 * Waits for so many milliseconds. `node:timers/promises` would be loaded for this alone, on every call.
 * @param ref `false`: does not keep the process alive
 */
export function sleep(ms: number, { ref = true }: { ref?: boolean } = {}): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    if (!ref) timer.unref();
  });
}
