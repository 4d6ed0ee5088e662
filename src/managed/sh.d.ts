/** A shell script as text: the build puts it into the bundle. */
declare module '*.sh' {
  const text: string;
  export default text;
}
