import { errorCodes, type JsonObject, type JsonSchema, type JsonValue, type ProviderHost } from '@capstan/provider';
import { graphqlProvider } from '@capstan/provider-graphql';
import { mcpProvider } from '@capstan/provider-mcp';
import { manifestSchema } from '@capstan/runtime';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

// Writes the pages and the schema that follow from the code; with --check, only says which are out of date.

const root = join(import.meta.dirname, '..');
const plugins = [mcpProvider(), graphqlProvider()].map((provider) => {
  const { prefix, metadataSchema } = provider({} as ProviderHost);
  return { prefix, metadataSchema };
});
const schema = manifestSchema(plugins);

const generated: Readonly<Record<string, string>> = {
  'docs/errors.md': errorsPage(),
  'docs/manifest.md': manifestPage(),
  'schemas/manifest.schema.json': `${JSON.stringify(schema, null, 2)}\n`,
};

const stale = Object.entries(generated).filter(([file, text]) => text !== current(file));
if (process.argv.includes('--check')) {
  for (const [file] of stale) console.error(`${file} is out of date: run "pnpm generate"`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const [file, text] of stale) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
    console.log(`wrote ${file}`);
  }
}

function current(file: string): string | undefined {
  try {
    return readFileSync(join(root, file), 'utf8');
  } catch {
    return undefined;
  }
}

function errorsPage(): string {
  const rows = Object.entries(errorCodes).map(
    ([code, { meaning, remedy, retryable }]) =>
      `| \`${code}\` | ${meaning} | ${remedy} | ${retryable ? 'yes' : 'no'} |`,
  );
  return [
    '# Errors',
    '',
    'Everything that fails rejects with a `CapstanError`: decide by its `code`, show its `message`. `retryable` says whether the same',
    'call may work later, `retryAfterMs` when; `details` holds facts for machines and `cause` what it came from. An answer of the',
    'upstream that says "no" is not an error but a result with `isError: true`.',
    '',
    '| code | meaning | what to do | retryable |',
    '|---|---|---|---|',
    ...rows,
    '',
    'Secrets that were read for a call are removed from messages, stacks, details and causes before an error leaves the runtime.',
    '',
  ].join('\n');
}

function manifestPage(): string {
  const { capability, runtime } = schema['$defs'] as Record<string, JsonObject>;
  return [
    '# Manifests',
    '',
    'A manifest is a YAML file that declares one capability (a top-level `id`) or several (`capabilities`, with `metadata` that all of',
    'them share). Files may hold several documents; folders are read recursively, in the order of their paths. `capstan validate` shows',
    'every problem with file, line and column, and `capstan schema` prints the JSON Schema for editors, plugins of your own included.',
    '',
    '```yaml',
    readFileSync(join(root, 'examples/host-app/capabilities/greeting.yaml'), 'utf8').trimEnd(),
    '```',
    '',
    '## A capability',
    '',
    ...table(capability ?? {}),
    '',
    '## Metadata',
    '',
    'Metadata is flat: `weather_server_url`. Nested maps (`weather: { server_url: … }`) are flattened, lists are joined by line breaks.',
    'The same key said twice with different values is an error. A capability’s own metadata wins over that of its file. The provider is',
    'the plugin that owns the prefix of the keys; keys that no plugin owns are kept as they are.',
    '',
    '- Any key `K` may have a sibling `K_override_env_var`: where that environment variable is set, its value replaces that of `K`. Not for secrets.',
    '- `*_env_var` holds the name of a variable (`[A-Z_][A-Z0-9_]*`), never a value. What looks like a token is refused, and not printed.',
    '- `*_url` is `https`, or `http` to this machine or where `<prefix>_allow_insecure: true` says so; without user and password.',
    '- `*_requires_session` is `auto`, `true` or `false`.',
    '',
    '### Keys of the runtime, for every provider',
    '',
    ...table(runtime ?? {}),
    ...plugins.flatMap(({ prefix, metadataSchema }) => [
      '',
      `### Keys of the provider \`${prefix}\``,
      '',
      ...table(metadataSchema),
    ]),
    '',
    '## Limits',
    '',
    '256 KiB a file, 32 levels deep, bounded aliases, no merge keys (`<<`), no unknown tags, no duplicate keys, no `__proto__`,',
    '`constructor` or `prototype`, finite and safe numbers only, no control, zero-width or direction-changing characters in ids, names',
    'and descriptions. Links that lead out of the folder are not followed. A file with an error contributes nothing; the others do.',
    '',
  ].join('\n');
}

function table({ properties, required }: JsonSchema): readonly string[] {
  const needed = new Set(Array.isArray(required) ? (required as readonly string[]) : []);
  const rows = Object.entries(properties as Record<string, JsonObject>).map(([key, property]) => {
    const description = text(property['description']).replaceAll('|', '\\|');
    return `| \`${key}\` | ${values(property)} | ${standard(property, needed.has(key))} | ${description} |`;
  });
  return ['| key | value | default | meaning |', '|---|---|---|---|', ...rows];
}

function values(property: JsonObject): string {
  const { enum: allowed, type, $ref: reference } = property;
  if (Array.isArray(allowed)) return [...new Set(allowed.map(String))].map((value) => `\`${value}\``).join(', ');
  if (typeof reference === 'string') return 'map';
  return Array.isArray(type) ? type.join(' or ') : text(type);
}

function standard(property: JsonObject, isRequired: boolean): string {
  if (isRequired) return 'required';
  const { default: value } = property;
  return value === undefined ? '' : `\`${text(value)}\``;
}

function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
