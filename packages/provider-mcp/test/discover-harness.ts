import type { Discovers, DiscoverTarget, ManifestDraft, ProviderPlugin } from '@capstan/provider';
import { createHarness, type Harness } from './harness.ts';

export interface DiscoverHarness extends Harness {
  readonly discover: (target: Partial<DiscoverTarget>) => Promise<readonly ManifestDraft[]>;
}

/** The plugin in a host of its own, and what it finds. */
export function createDiscoverHarness(): DiscoverHarness {
  const harness = createHarness();
  const { plugin } = harness;
  if (!isDiscovering(plugin)) throw new TypeError('The plugin cannot import.');
  return {
    ...harness,
    discover: async (target) => {
      const drafts: ManifestDraft[] = [];
      const signal = new AbortController().signal;
      const source = { file: '/manifests/server.yaml' };
      for await (const draft of plugin.discover({ location: [], caller: {}, source, ...target }, signal))
        drafts.push(draft);
      return drafts;
    },
  };
}

function isDiscovering<T extends ProviderPlugin>(plugin: T): plugin is T & Discovers {
  return 'discover' in plugin;
}

/** A tool as a server lists it. */
export function tool(name: string, other: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return { name, description: `Does ${name}`, inputSchema: { type: 'object', properties: {} }, ...other };
}
