/** What is a secret, by its name or by its look: for warnings about the file, and for what is not shown of a change. */
const words = [
  'key',
  'token',
  'secret',
  'password',
  'passwd',
  'passphrase',
  'authorization',
  'credential',
  'credentials',
  'cookie',
].join('|');

const wholeName = new RegExp(`(^|_|api)(${words})$`, 'i');
const anywhere = new RegExp(words, 'i');

/** Keys of the well-known services, and a bot's token: how they begin. */
const prefixes = 'sk-|xox[abp]-|ghp_|github_pat_|AIza|AKIA';
const botToken = '\\d{6,}:[\\w-]{20,}';
const beginning = new RegExp(`^(${prefixes}|${botToken})`);

/** Such values anywhere in a text, and a password in an address. */
export const anySecretValue = new RegExp(
  `(?<![\\w-])(?:${prefixes})[\\w-]{4,}|${botToken}|(?<=://[^\\s/:@]*:)[^\\s/@]+(?=@)`,
  'g',
);

/** Does a variable's name say that its value is a secret? */
export function isSecretName(name: string): boolean {
  return wholeName.test(name);
}

/** Is there such a word in a name? What is only to be hidden may be hidden once too often. */
export function holdsSecretName(name: string): boolean {
  return anywhere.test(name);
}

/** Is a value a key by its look? */
export function isSecretValue(value: string): boolean {
  return beginning.test(value);
}
