import type { Discovers, Provider, ProviderPlugin } from '@capstan/provider';
import { type CapabilityFile, createRuntime } from '@capstan/runtime';
import type { Scenario } from './scenario.ts';

/** The manifest that an import writes of the server: all that it offers and that may be called. */
export async function importCapabilities(
  { url, metadata, environment }: Scenario,
  provider: Provider,
): Promise<CapabilityFile> {
  await using runtime = await createRuntime({ manifests: [], providers: [provider], environment });
  const plugin = runtime.providers.find(canDiscover);
  if (plugin === undefined) throw new Error('The MCP provider does not discover.');
  const set = Object.entries(metadata).map(([key, value]) => `${key}=${value}`);
  const options = { name: 'conformance', resources: true, prompts: true, set };
  const target = { location: [url], options, caller: { subject: 'host' } };
  const drafts = await Array.fromAsync(plugin.discover(target, AbortSignal.timeout(25_000)));
  const [first] = drafts;
  const capabilities = drafts.map(({ capability }) => capability);
  return first?.metadata === undefined ? { capabilities } : { metadata: first.metadata, capabilities };
}

function canDiscover(plugin: ProviderPlugin): plugin is ProviderPlugin & Discovers {
  return 'discover' in plugin;
}
