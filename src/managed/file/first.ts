import type { Engine } from '../../route/metadata.ts';
import { officialImage } from './wanted.ts';

/** What `init` found by looking around. */
export type Surroundings = {
  readonly asRoot: boolean;
  readonly engine: Engine | undefined;
  /** a hermes that Nix or somebody else installed: its package */
  readonly package: string | undefined;
  /** the home that ~/.hermes is, or leads to: called .hermes */
  readonly ownHome: string | undefined;
  /** root's caller under sudo */
  readonly person: string | undefined;
  readonly stateDir: string;
  readonly schema: string | undefined;
};

/** The first hermes-shim.yaml: what is sure stands there, what may be wanted stands there as a comment. Pure. */
export function firstFile(about: Surroundings): string {
  const { asRoot, engine, person } = about;
  const keepOwn = about.ownHome !== undefined && !asRoot && about.package === undefined;
  const lines = [
    ...(about.schema ? [`# yaml-language-server: $schema=${about.schema}`] : []),
    '# What `hermes-shim up` makes and keeps. After a change: hermes-shim up',
    '# The keys are those of the NixOS module (services.hermes-agent); all of them may be left out.',
    '',
    ...(keepOwn
      ? [
          `# Your ${about.ownHome} is the hermes home: it goes on as it is, in the container.`,
          `stateDir: ${yamlText(about.ownHome?.replace(/\/\.hermes$/, '') ?? '')}`,
        ]
      : [`# Everything that hermes keeps; its home is .hermes in it.`, `# stateDir: ${about.stateDir}`]),
    '',
    ...(about.package
      ? [
          '# The hermes of this host that runs in the container. Without this line: the official image.',
          `package: ${about.package}`,
        ]
      : [
          '# A hermes of this host in place of the official image: a Nix profile, or a directory with bin/hermes.',
          '# package: /nix/var/nix/profiles/default',
        ]),
    '',
    '# Goes into config.yaml, key by key. Other keys there stay as they are.',
    '# settings:',
    '#   model:',
    '#     default: anthropic/claude-sonnet-4',
    '',
    '# Secrets, as NAME=value lines in files of mode 0600. They go into the home as .env.',
    '# environmentFiles:',
    `#   - ${asRoot ? '/etc/hermes-shim/secrets.env' : './secrets.env'}`,
    '# environment:   # not for secrets',
    '#   TZ: Europe/Berlin',
    '',
    '# Files for the agent to find in its working directory.',
    '# documents:',
    '#   USER.md: ./USER.md',
    '',
    '# mcpServers:',
    '#   filesystem:',
    '#     command: npx',
    `#     args: ["-y", "@modelcontextprotocol/server-filesystem", "${about.package ? '/data' : '/opt/data'}/workspace"]`,
    '',
    'container:',
    `  ${engine ? '' : '# '}backend: ${engine ?? 'docker'}`,
    `  # image: ${about.package ? 'docker.io/library/ubuntu:24.04' : officialImage}`,
    '  # A change of these makes a new container: what was installed in the old one is lost.',
    '  # extraVolumes:',
    '  #   - /home/me/projects:/projects:rw',
    '  # extraOptions: ["--gpus", "all"]',
    ...(asRoot
      ? [
          '  # Who may use it: they get ~/.hermes as a link to the home.',
          person ? `  hostUsers: [${person}]` : '  # hostUsers: [me]',
        ]
      : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** A path with blanks or signs of YAML's in quotes. */
const yamlText = (path: string): string => (/^[\w./-]+$/.test(path) ? path : JSON.stringify(path));
