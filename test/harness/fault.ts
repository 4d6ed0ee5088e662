/** Faults of engines that no shim can help: told in the run's output, and counted there (test/closing-line.ts). */

/** Every line that tells one begins so. */
export const faultPrefix = "engine's own fault: ";

/** An engine that does not do what it is for, told already. */
export class EngineFault extends Error {}

export const tellFault = (what: string): void => console.warn(`${faultPrefix}${what}`);
