import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Metadata } from '@capstan/provider';
import { readClientConfig } from './client-config.ts';
import type { DiscoverOptions } from './discover-options.ts';
import { idSegment, nameOfCommand, nameOfUrl } from './server-name.ts';
import { commandMetadata, refused, type UpstreamDraft, urlMetadata } from './upstream-draft.ts';

/** A server to import, or what kept it from being one. */
export type FoundUpstream =
  | { readonly upstream: UpstreamDraft }
  | { readonly key: string; readonly error: unknown }
  | { readonly key: string; readonly isDisabled: true };

/** The servers that the words of a command line name: one at a URL, one that a command starts, or those of a configuration file. */
export async function findUpstreams(
  location: readonly string[],
  options: DiscoverOptions,
): Promise<readonly FoundUpstream[]> {
  const [first = '', ...rest] = location;
  const given = optionMetadata(options);
  if (/^https?:\/\//i.test(first)) {
    if (rest.length > 0)
      throw refused(`A URL is imported by itself, but ${JSON.stringify(rest.join(' '))} follows it.`);
    if (!URL.canParse(first)) throw refused('The URL cannot be read.');
    const url = new URL(first);
    const metadata = { ...urlMetadata('the server', url), ...given };
    return [
      { upstream: { name: options.name ?? nameOfUrl(url), metadata, cwd: undefined, values: new Map(), notes: [] } },
    ];
  }
  if (rest.length === 0 && /\.jsonc?$/i.test(first)) return await fromConfig(first, options, given);
  // One word with blanks that is no file is a command that was put in quotes.
  const words = rest.length === 0 && !isFile(first) ? first.trim().split(/\s+/) : location;
  const metadata = { ...commandMetadata('the command', words), ...given };
  const name = options.name ?? nameOfCommand(words[0] ?? '', words.slice(1));
  return [{ upstream: { name, metadata, cwd: resolve(options.cwd ?? '.'), values: new Map(), notes: [] } }];
}

async function fromConfig(
  path: string,
  { name, server, cwd }: DiscoverOptions,
  given: Metadata,
): Promise<readonly FoundUpstream[]> {
  const servers = await readClientConfig(path);
  const keys = servers.map(({ key }) => key);
  const missing = server?.find((key) => !keys.includes(key));
  if (missing !== undefined)
    throw refused(`${path} has no server ${JSON.stringify(missing)}. It has: ${keys.join(', ') || 'none'}.`);
  const chosen = server === undefined ? servers : servers.filter(({ key }) => server.includes(key));
  if (chosen.length === 0) throw refused(`${path} has no servers.`);
  if (name !== undefined && chosen.length > 1)
    throw refused(`--name is for one server, and ${path} has ${chosen.length}. Choose one with --server.`);
  return chosen.map(({ key, isDisabled, read }): FoundUpstream => {
    // Whoever names it wants it.
    if (isDisabled && server === undefined) return { key, isDisabled };
    try {
      const upstream = read();
      const folder = cwd === undefined ? upstream.cwd : resolve(cwd);
      return {
        upstream: {
          ...upstream,
          name: name ?? key,
          cwd: folder,
          metadata: { ...upstream.metadata, ...given },
        },
      };
    } catch (error) {
      return { key, error };
    }
  });
}

function optionMetadata(options: DiscoverOptions): Metadata {
  const { authEnvVar, authHeader, authScheme, env = [], protocol, transport, set = [] } = options;
  return {
    ...(env.length > 0 && { mcp_env: env.join('\n') }),
    ...(authEnvVar !== undefined && { mcp_auth_env_var: authEnvVar }),
    ...(authHeader !== undefined && { mcp_auth_header: authHeader }),
    ...(authScheme !== undefined && { mcp_auth_scheme: authScheme }),
    ...(transport !== undefined && { mcp_transport: transport }),
    ...(protocol !== undefined && { mcp_protocol: protocol }),
    ...Object.fromEntries(set.map(parseSetting)),
  };
}

function parseSetting(setting: string): readonly [string, string | number | boolean] {
  const [, key, value = ''] = /^((?:mcp|session|call)_\w+)=(.*)$/s.exec(setting) ?? [];
  if (key === undefined) throw refused('--set wants KEY=VALUE, where KEY is a metadata key such as mcp_auth.');
  if (value === 'true' || value === 'false') return [key, value === 'true'];
  return [key, /^\d{1,15}$/.test(value) ? Number(value) : value];
}

/** What ids call the server. */
export function serverSegment(name: string | undefined, reported: string | undefined): string {
  for (const candidate of [
    name,
    reported?.replaceAll(/\b(?:mcp|server|servers)\b|(?<=[-_])servers?(?=$|[-_])/gi, ''),
    reported,
  ]) {
    const segment = candidate === undefined ? '' : idSegment(candidate);
    if (segment !== '') return segment.toLowerCase();
  }
  return 'server';
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
