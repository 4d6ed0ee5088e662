import * as z from 'zod';

/** A kind of value: zod's check for it, and the words for what is accepted, which every error repeats. */
const text = z.string({ error: 'a text' }).min(1, { error: 'a text that is not empty' });
const flag = z.boolean({ error: 'true or false' });
const texts = z.array(text, { error: 'a list of texts' });
const path = text.regex(/^[^\0]+$/, { error: 'a path' });
const absolute = path.regex(/^(\/|~\/)/, { error: 'an absolute path, or one that begins with ~/' });
const account = z.string({ error: 'a user or group name' }).regex(/^[a-zA-Z_][a-zA-Z0-9_.-]*\$?$/, {
  error: 'a user or group name: a letter or _, then letters, digits, "_", "." and "-"',
});
const variables = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, {
    error: 'variable names: a letter or _, then letters, digits and _',
  }),
  z.string({ error: 'a text: put it in quotes' }).regex(/^[^\n\r\0]*$/, { error: 'a text of one line' }),
  { error: 'variables, one NAME: value a line' },
);
const seconds = z.int({ error: 'a whole number of seconds' }).min(0, { error: 'a whole number of seconds' });

/** Any mapping: what stands in it is hermes's business, not ours. */
const anything = z.record(z.string(), z.unknown(), { error: 'a mapping (key: value lines, indented)' });

const server = z.strictObject(
  {
    command: text.optional().describe('Command of a local server (stdio)'),
    args: texts.optional().describe('Its arguments'),
    env: variables.optional().describe('Its environment; hermes takes a name in braces behind $ from .env'),
    url: text.optional().describe('Address of a remote server (HTTP)'),
    headers: z.record(z.string(), text, { error: 'headers, one Name: value a line' }).optional(),
    auth: z.literal('oauth', { error: '"oauth"' }).optional(),
    enabled: flag.optional(),
    timeout: seconds.optional().describe('Of a tool call, in seconds'),
    connect_timeout: seconds.optional(),
    tools: z.strictObject({ include: texts.optional(), exclude: texts.optional() }).optional(),
    sampling: anything.optional(),
  },
  { error: 'a server: command and args, or url' },
);

const container = z.strictObject(
  {
    backend: z
      .enum(['docker', 'podman'], { error: '"docker" or "podman"' })
      .optional()
      .describe('The engine. Default: docker where there is one, else podman'),
    image: text
      .optional()
      .describe("Default: hermes's official image; ubuntu:24.04 where a package is named"),
    name: z
      .string({ error: 'a name' })
      .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,200}$/, {
        error: 'a letter or digit, then letters, digits, "_", "." and "-"',
      })
      .optional()
      .describe("The container's name. Default: hermes-agent"),
    extraVolumes: z
      .array(
        text.regex(/^((\/|~\/)[^:]*|[a-zA-Z0-9][a-zA-Z0-9_.-]*):\/[^:]*(:[a-zA-Z,]+)?$/, {
          error:
            '"host directory:/directory in the container", with ":ro" behind it where it is read only; the host\'s side is absolute, begins with ~/, or is the name of a volume',
        }),
        { error: 'a list of volumes' },
      )
      .optional()
      .describe(
        'More directories of the host, or volumes, host:container:mode. A change recreates the container',
      ),
    extraOptions: texts
      .optional()
      .describe('More arguments for `create`, one word each. A change recreates the container'),
    hostUsers: z
      .array(account, { error: 'a list of user names' })
      .optional()
      .describe('Users who get ~/.hermes as a link to the home, and the group'),
  },
  { error: 'a mapping: backend, image, …' },
);

/** What hermes-shim.yaml may say: the option names of the setup guide's reference. The JSON Schema is made from it. */
export const declaration = z
  .strictObject(
    {
      stateDir: absolute.optional().describe('State directory; the hermes home is .hermes in it'),
      user: account.optional().describe('The user of this host who owns the state (root only)'),
      group: account.optional().describe('The group of this host who may read it (root only)'),
      createUser: flag.optional().describe('Create user and group where they are missing (root only)'),
      workingDirectory: absolute.optional().describe("The agent's working directory"),
      package: path
        .optional()
        .describe(
          'A hermes of this host: a Nix store path or profile, or a directory with bin/hermes that brings its own interpreter',
        ),
      settings: anything.optional().describe('Merged into config.yaml, key by key'),
      configFile: path
        .optional()
        .describe('A config.yaml that is copied as it is; settings do not count then'),
      environment: variables.optional().describe('For .env. Not for secrets'),
      environmentFiles: z.array(path, { error: 'a list of files' }).optional().describe('For .env, secrets'),
      authFile: path.optional().describe('auth.json to begin with'),
      authFileForceOverwrite: flag.optional().describe('Write auth.json anew at each up'),
      documents: z
        .record(path, z.string({ error: 'a text, or a path that begins with ./ ../ ~/ or /' }), {
          error: 'documents, one NAME: text a line',
        })
        .optional()
        .describe('Files for the working directory; a name with / counts from the state directory'),
      mcpServers: z
        .record(text, server, { error: 'servers, by name' })
        .optional()
        .describe('Merged into mcp_servers of config.yaml'),
      extraArgs: texts.optional().describe('More arguments for hermes gateway'),
      extraPlugins: z
        .array(path, { error: 'a list of directories' })
        .optional()
        .describe('Plugin directories'),
      restart: z
        .enum(['always', 'on-failure', 'no'], { error: '"always", "on-failure" or "no"' })
        .optional()
        .describe('When the container is started again. Default: always'),
      restartSec: seconds.optional().describe('How long systemd waits before that. Default: 5'),
      container: container.optional(),
    },
    { error: 'a mapping: stateDir, settings, container, …' },
  )
  .describe('What hermes-shim up makes and keeps');

export type Declared = z.infer<typeof declaration>;

/** The JSON Schema for editors, as an object. */
export function jsonSchema(): unknown {
  return z.toJSONSchema(declaration, { target: 'draft-7', io: 'input' });
}

/** The keys that are known at a path of the file, or none where any key will do. */
export function keysAt(steps: readonly PropertyKey[]): readonly string[] {
  let at: z.ZodType | undefined = declaration;
  for (const step of steps) {
    while (at instanceof z.ZodOptional) at = at.unwrap() as z.ZodType;
    if (at instanceof z.ZodObject) at = (at.shape as Record<string, z.ZodType>)[String(step)];
    else if (at instanceof z.ZodRecord) at = at.valueType as z.ZodType;
    else if (at instanceof z.ZodArray) at = at.element as z.ZodType;
    else return [];
  }
  while (at instanceof z.ZodOptional) at = at.unwrap() as z.ZodType;
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}
