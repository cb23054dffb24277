import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesUnder } from './workspace.ts';

const coreFolders = ['packages/provider', 'packages/runtime'];

/** What gives a provider away. The names are looked for inside words too: `McpServer` and `mcp_server_url` alike. */
const signs: readonly RegExp[] = [
  /mcp|graphql|openapi/i,
  /(?<![a-z0-9_])http_[a-z]/,
  /@capstan\/provider-[a-z]/,
  /\.\.\/provider-[a-z-]+\/(?:src|dist|test)\b/,
];

/** Lines of the core (and names of its files) that know a provider, as `path:line: text`. Line 0 is the path itself. */
export const findProviderKnowledge = (root: string): readonly string[] =>
  coreFolders
    .flatMap((folder) => filesUnder(root, folder))
    .flatMap((path) =>
      [path, ...readFileSync(join(root, path), 'utf8').split('\n')].flatMap((text, line) =>
        signs.some((sign) => sign.test(text)) ? [`${path}:${line}: ${text.trim()}`] : [],
      ),
    );
