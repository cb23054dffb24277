import type { Capability, ProviderPlugin } from '@capstan/provider';
import { requiresSession } from '../capability/requires-session.ts';
import type { ManifestProblem } from '../manifest/manifest-problem.ts';
import type { ProviderRegistry } from '../provider-registry.ts';
import type { SessionPoolOptions } from '../runtime-options.ts';
import { poolKey, sessionScope } from './pool-key.ts';
import { conflictingKeys, type SessionSettings, sessionSettings } from './session-settings.ts';

interface First {
  readonly capability: Capability;
  readonly settings: SessionSettings;
}

/** Warnings of capabilities that will share a session and differ in what they say of it: the smallest value counts. */
export function settingConflicts(
  capabilities: readonly Capability[],
  registry: ProviderRegistry,
  options: SessionPoolOptions,
): readonly ManifestProblem[] {
  const firsts = new Map<string, First>();
  const problems: ManifestProblem[] = [];
  for (const capability of capabilities) {
    const plugin = registry.get(capability.provider);
    const key = plugin && keyOf(plugin, capability);
    if (key === undefined) continue;
    const settings = sessionSettings(capability, options);
    const first = firsts.get(key);
    if (first === undefined) firsts.set(key, { capability, settings });
    else problems.push(...conflictingKeys(first.settings, settings).map((name) => problemOf(capability, first, name)));
  }
  return problems;
}

/** The pool key that all capabilities have in common which would share a session, were the caller the same. */
function keyOf(plugin: ProviderPlugin, capability: Capability): string | undefined {
  const { mode } = requiresSession(capability.metadata);
  if (mode === 'never') return undefined;
  const caller = { subject: 'anybody' };
  try {
    const key = plugin.sessionKey(capability, caller);
    const scope = sessionScope(capability);
    return poolKey({ provider: plugin.prefix, mode, key, scope, caller, conversationId: 'any' });
  } catch {
    // What the plugin cannot make a key of fails with the plugin's own error when it is called.
    return undefined;
  }
}

function problemOf({ id, source }: Capability, { capability: first }: First, key: string): ManifestProblem {
  return {
    severity: 'warning',
    ...source,
    message: `${id} shares its session with ${first.id} (${first.source.file}:${first.source.line}), which says something else of ${key}`,
    remedy: 'Say the same in both; until then the smallest value counts for both.',
  };
}
