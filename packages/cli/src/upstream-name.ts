import type { Capability } from '@capstan/provider';

const longestName = 60;

/** What a person would call the upstream: the host of the first address in the metadata, else the command that is started, else the provider. */
export function upstreamName({ metadata, provider }: Capability): string {
  for (const value of Object.values(metadata)) {
    const url = typeof value === 'string' ? URL.parse(value) : null;
    if (url !== null && url.host !== '') return url.host;
  }
  const command = metadata[`${provider}_command`];
  if (typeof command !== 'string') return provider;
  const words = [command, ...String(metadata[`${provider}_args`] ?? '').split('\n')].join(' ').trim();
  return words.length > longestName ? `${words.slice(0, longestName - 1)}…` : words;
}
