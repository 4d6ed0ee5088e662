/** A program of sh, as `scripts/shell.ts` takes it into the bundle: its text without comments and indentation. */
declare module '*.sh' {
  const text: string;
  export default text;
}
