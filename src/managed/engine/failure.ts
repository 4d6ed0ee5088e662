import type { EngineAccess } from '../../engine/access.ts';
import type { ProbeResult } from '../../engine/probe-result.ts';
import { escapeControls } from '../../report/escape.ts';
import { exitCodes, Failure, type Hint } from '../../report/failure.ts';
import { hintWord } from '../../report/paste.ts';

/** The failure for an engine that does not answer a question. */
export function engineFailure(result: ProbeResult, { engine, binary }: EngineAccess): Failure {
  const detail = 'detail' in result && result.detail ? ` (${escapeControls(result.detail, 200)})` : '';
  const failure = (sentence: string, hints: readonly Hint[]): Failure =>
    new Failure(exitCodes.cannotRoute, sentence, hints);
  switch (result.kind) {
    case 'forbidden':
      return failure(`this user may not use ${engine}${detail}`, [
        { label: 'as root', text: 'sudo hermes-shim up --file /etc/hermes-shim/hermes-shim.yaml' },
        {
          label: 'or let them',
          text: `sudo usermod -aG ${engine} "$USER"   # equals root; then log in again`,
        },
        { label: 'or without', text: 'container.backend: podman   # needs no rights of root' },
      ]);
    case 'daemon-down':
      return failure(`${engine} does not run${detail}`, [
        { label: 'start it', text: `sudo systemctl start ${engine}` },
      ]);
    case 'silent':
      return failure(`${engine} does not respond`, [
        { label: 'try it', text: `${engine} ps` },
        { label: 'restart it', text: `sudo systemctl restart ${engine}` },
      ]);
    case 'not-startable':
      return failure(`${binary} cannot be run${detail}`, [
        { label: 'look', text: `ls -l ${hintWord(binary)}` },
      ]);
    default:
      return failure(`${engine} gave an answer that makes no sense${detail}`, [
        { label: 'try it', text: `${engine} ps -a` },
      ]);
  }
}

/** What the words of a failure need: image and container, and the command that was typed. */
export type About = { readonly image: string; readonly name: string; readonly command: string };

/**
 * The failure for something that an engine was told to do and did not.
 * @param doing what that was, as the end of "could not …"
 * @param words what the engine said
 */
export function commandFailure(
  doing: string,
  words: string,
  { engine }: EngineAccess,
  about: About,
): Failure {
  const lines = words.split('\n').filter((line) => line.trim() !== '' && !/^(See|Run) '/.test(line));
  // docker's client ends with a sentence of its own, which only says that it failed
  const last =
    lines.findLast((line) => line.startsWith('Error response from daemon: ')) ??
    lines.findLast((line) => /error/i.test(line)) ??
    lines.at(-1) ??
    'no reason given';
  const sentence = `could not ${doing} (${engine}: ${escapeControls(last, 240)})`;
  return new Failure(exitCodes.cannotRoute, sentence, hintsFor(doing, words, engine, about));
}

function hintsFor(
  doing: string,
  words: string,
  engine: string,
  { image: declared, name, command }: About,
): Hint[] {
  const image = hintWord(declared);
  const seeMore: Hint = { label: 'see more', text: `HERMES_SHIM_DEBUG=1 ${command}` };
  if (/no space left|disk quota/i.test(words))
    return [
      { label: 'where', text: 'df -h' },
      { label: 'make room', text: `${engine} image prune` },
    ];
  if (/address already in use|port is already allocated/i.test(words))
    return [
      { label: 'who has it', text: 'sudo ss -ltnp' },
      { label: 'then', text: command },
    ];
  if (/already in use|name .* is in use/i.test(words))
    return [
      { label: 'look', text: `${engine} ps -a --filter name=${name}` },
      { label: 'another name', text: 'container.name: …   # in hermes-shim.yaml' },
    ];
  if (
    /dial tcp|lookup|no such host|timeout|network is unreachable|connection refused|pinging container registry/i.test(
      words,
    )
  )
    return [
      { label: 'is there a network', text: `${engine} pull ${image}` },
      {
        label: 'without one',
        text: `${engine} load < image.tar   # made elsewhere: ${engine} save ${image}`,
      },
    ];
  // options come from the file, too: an engine's "unknown flag" is no image that it does not know
  const ofImage =
    doing.startsWith('pull ') || /\b(image|manifest|repository|registry|short-name)\b/i.test(words);
  const ofOption =
    /\b(unknown|invalid|no such) (shorthand )?(flag|option)|flag needs an argument|invalid argument/i;
  if (
    !ofOption.test(words) &&
    ofImage &&
    /not found|no such|unknown|denied|unauthorized|short-name/i.test(words)
  )
    return [
      { label: 'try it', text: `${engine} pull ${image}` },
      { label: 'another one', text: 'container.image: …   # with its registry, such as docker.io/…' },
    ];
  if (doing.startsWith('create '))
    return [
      { label: 'look at', text: 'container.extraOptions and extraVolumes   # in hermes-shim.yaml' },
      { label: 'what there is', text: `${engine} create --help` },
      seeMore,
    ];
  return [seeMore];
}
