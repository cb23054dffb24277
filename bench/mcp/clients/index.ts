import { readFileSync } from 'node:fs';
import type { OpenClient } from '../client.ts';

export interface ClientEntry {
  readonly name: string;
  /** `limit`: what no client can be faster than. `peer`: what Capstan is compared with. */
  readonly role: 'limit' | 'peer' | 'capstan';
  /** Whose version is shown: a package that this folder of `bench` installs. */
  readonly package: string;
  readonly installedIn: '.' | 'peers';
  /** What a reader of the table has to know. */
  readonly note?: string;
  /** Imports the library, which is part of the time to the first call. */
  readonly load: () => Promise<OpenClient>;
}

export const clients = [
  {
    name: 'undici',
    role: 'limit',
    package: 'undici',
    installedIn: '.',
    note: 'a bare POST, the answer parsed, no protocol',
    load: async () => (await import('./undici.ts')).openUndici,
  },
  {
    name: 'SDK v1',
    role: 'peer',
    package: '@modelcontextprotocol/sdk',
    installedIn: '.',
    load: async () => (await import('./sdk-v1.ts')).openSdkV1,
  },
  {
    name: 'SDK v2',
    role: 'peer',
    package: '@modelcontextprotocol/client',
    installedIn: '.',
    load: async () => (await import('./sdk-v2.ts')).openSdkV2,
  },
  {
    name: 'mcp-use',
    role: 'peer',
    package: 'mcp-use',
    installedIn: 'peers',
    note: 'the last version with a client in it; on the SDK v1 above instead of 1.26.0; its reports home off',
    load: async () => (await import('./mcp-use.ts')).openMcpUse,
  },
  {
    name: 'mcporter',
    role: 'peer',
    package: 'mcporter',
    installedIn: 'peers',
    note: 'on the SDK v1 above',
    load: async () => (await import('./mcporter.ts')).openMcporter,
  },
  {
    name: 'AI SDK',
    role: 'peer',
    package: '@ai-sdk/mcp',
    installedIn: 'peers',
    load: async () => (await import('./ai-sdk.ts')).openAiSdk,
  },
  {
    name: 'UTCP',
    role: 'peer',
    package: '@utcp/mcp',
    installedIn: 'peers',
    note: 'on the SDK v1 above; keeps its session',
    load: async () => (await import('./utcp.ts')).openUtcp,
  },
  {
    name: 'Capstan',
    role: 'capstan',
    package: '@capstan/provider-mcp',
    installedIn: '.',
    note: 'manifest to result, telemetry on',
    load: async () => (await import('./capstan.ts')).openCapstan,
  },
] as const satisfies readonly ClientEntry[];

export type ClientName = (typeof clients)[number]['name'];

export function versionOf(client: ClientEntry): string {
  const path = new URL(`../../${client.installedIn}/node_modules/${client.package}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }).version;
}
