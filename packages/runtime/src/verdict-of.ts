import type { ErrorVerdict, ProviderPlugin } from '@capstan/provider';

/** What a plugin makes of an error. One that fails even at that cannot be trusted to know: the worst is assumed. */
export function verdictOf(plugin: ProviderPlugin, error: unknown): ErrorVerdict {
  try {
    return plugin.classifyError(error);
  } catch {
    return { kind: 'fatal', sent: true };
  }
}
