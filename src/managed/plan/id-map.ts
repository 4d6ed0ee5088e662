/** What hermes is in the official image, and so everywhere that a number can be chosen. */
const hermesId = 10_000;

/** How many subordinate ids a user has (subuid(5), subgid(5)). */
export type Subordinates = { readonly uids: number; readonly gids: number };

/** Who hermes is in a container of rootless podman, in numbers of that container. */
export type IdMap = {
  readonly inside: { readonly uid: number; readonly gid: number };
  readonly options: readonly string[];
};

/**
 * Lets hermes in a container of rootless podman be the caller on this host, so that what it writes is theirs. Without
 * this the container's root is the caller and hermes a subordinate uid, whose files the caller cannot even read. By
 * `--uidmap`, since `keep-id` writes the caller into /etc/passwd under their own name (podman 4.3), and the number is
 * taken when the image wants to give it to hermes. In there 0 is nobody here; the intermediate 0 is the caller. Pure.
 */
export function idMapOf({ uids, gids }: Subordinates): IdMap {
  const [uid, gid] = [uids, gids].map((count) => Math.max(1, Math.min(hermesId, count - 1))) as [
    number,
    number,
  ];
  const map = (kind: 'uidmap' | 'gidmap', id: number, count: number): string[] =>
    [`0:1:${id}`, `${id}:0:1`, `${id + 1}:${id + 1}:${Math.max(1, count - id)}`].map(
      (part) => `--${kind}=${part}`,
    );
  return { inside: { uid, gid }, options: [...map('uidmap', uid, uids), ...map('gidmap', gid, gids)] };
}

/** How many ids a user has by the text of /etc/subuid or /etc/subgid: their first range. Pure. */
export function subordinatesOf(text: string, who: { name: string; uid: number }): number {
  const line = text
    .split('\n')
    .map((one) => one.split(':'))
    .find(([name]) => name === who.name || name === String(who.uid));
  return Number(line?.[2] ?? 0) || 65_536;
}
