import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, resolve } from 'node:path';
import type { Metadata } from '@capstan/provider';
import { isRecord } from '../is-record.ts';
import { ConfigVariables } from './config-variables.ts';
import { parseJsonc } from './parse-jsonc.ts';
import { commandMetadata, refused, type UpstreamDraft, urlMetadata } from './upstream-draft.ts';

type Entry = Readonly<Record<string, unknown>>;

/** A server of a configuration: what to import, or why it cannot be. */
export interface ConfiguredServer {
  readonly key: string;
  readonly isDisabled: boolean;
  /** Throws `INPUT_INVALID`. */
  readonly read: () => UpstreamDraft;
}

/**
 * The servers of a configuration as Claude Desktop, Cursor (`mcpServers`) and VS Code (`servers`) write it, in its order. Rejects with
 * `INPUT_INVALID` where it is none.
 */
export async function readClientConfig(path: string): Promise<readonly ConfiguredServer[]> {
  let content: unknown;
  try {
    content = parseJsonc(await readFile(path, 'utf8'));
  } catch (cause) {
    // The parser quotes what it cannot read, which may be a secret.
    const reason =
      cause instanceof SyntaxError ? 'it is not JSON' : cause instanceof Error ? cause.message : String(cause);
    throw refused(`The configuration ${path} cannot be read: ${reason}.`);
  }
  const servers = serversOf(content);
  if (servers === undefined)
    throw refused(`${path} is no configuration of MCP servers: it has neither \`mcpServers\` nor \`servers\`.`);
  const variables = new ConfigVariables();
  const folder = workspaceOf(path);
  return Object.entries(servers).map(([key, entry]) => ({
    key,
    isDisabled: isRecord(entry) && (entry['disabled'] === true || entry['enabled'] === false),
    read: () => readServer(key, entry, folder, variables),
  }));
}

function serversOf(content: unknown): Entry | undefined {
  if (!isRecord(content)) return undefined;
  const { mcpServers, servers, mcp } = content;
  // `mcp: { servers }` is how VS Code's settings.json says it.
  return [mcpServers, servers, isRecord(mcp) ? mcp['servers'] : undefined].find((found) => isRecord(found));
}

/** The folder that a configuration inside a project is about. Undefined for one that belongs to a person. */
function workspaceOf(path: string): string | undefined {
  const folder = dirname(resolve(path));
  if (['.vscode', '.cursor'].includes(basename(folder))) return dirname(folder);
  return /^\.?mcp\.jsonc?$/.test(basename(path)) ? folder : undefined;
}

function readServer(
  key: string,
  entry: unknown,
  workspace: string | undefined,
  variables: ConfigVariables,
): UpstreamDraft {
  const what = `the server "${key}"`;
  if (!isRecord(entry)) throw refused(`The entry of ${what} is no object.`);
  const url = entry['url'] ?? entry['serverUrl'];
  const expanded = (text: string): string => expandFolders(text, workspace);
  if (typeof url === 'string') return readHttp(key, { ...entry, url: expanded(url) }, expanded, variables);
  const { command, args = [], cwd, env = {}, envFile } = entry;
  if (typeof command !== 'string' || !isTextList(args) || !isRecord(env))
    throw refused(`${what} has neither a \`url\` nor a \`command\` with \`args\` and \`env\`.`);
  const { lines, values, notes } = variables.environmentOf(key, expandedAll(env, expanded));
  const folder = typeof cwd === 'string' ? resolve(workspace ?? '.', expanded(cwd)) : workspace;
  return {
    name: key,
    metadata: {
      ...commandMetadata(what, [expanded(command), ...args.map(expanded)]),
      ...(lines.length > 0 && { mcp_env: lines.join('\n') }),
    },
    cwd: folder,
    values,
    notes: typeof envFile === 'string' ? [...notes, 'its envFile is not read: name what it needs in mcp_env'] : notes,
  };
}

function readHttp(
  key: string,
  entry: Entry & { readonly url: string },
  expanded: (text: string) => string,
  variables: ConfigVariables,
): UpstreamDraft {
  const what = `the server "${key}"`;
  const { url: address } = entry;
  if (!URL.canParse(address)) throw refused(`The URL of ${what} is not a URL.`);
  const { headers = {}, type } = entry;
  if (!isRecord(headers)) throw refused(`The \`headers\` of ${what} are no object.`);
  const { metadata, values, notes } = variables.credentialOf(key, expandedAll(headers, expanded));
  const transport: Metadata = type === 'sse' ? { mcp_transport: 'sse' } : {};
  return {
    name: key,
    metadata: { ...urlMetadata(what, new URL(address)), ...transport, ...metadata },
    cwd: undefined,
    values,
    notes,
  };
}

/** Folders are no secrets, and every editor means the same by them. */
function expandFolders(text: string, workspace: string | undefined): string {
  const known: Readonly<Record<string, string | undefined>> = {
    workspaceFolder: workspace,
    workspaceFolderBasename: workspace === undefined ? undefined : basename(workspace),
    userHome: homedir(),
    pathSeparator: '/',
    '/': '/',
  };
  return text.replaceAll(/\$\{([A-Za-z]+|\/)\}/g, (whole, name: string) => known[name] ?? whole);
}

function expandedAll(values: Entry, expanded: (text: string) => string): Entry {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? expanded(value) : value]),
  );
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
