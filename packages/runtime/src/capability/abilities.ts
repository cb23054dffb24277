import type { Completes, Discovers, ProviderPlugin, RunsTasks } from '@capstan/provider';

/** Whether a plugin can suggest values for arguments. Found by its member, never by its name. */
export function completes(plugin: ProviderPlugin): plugin is ProviderPlugin & Completes {
  return 'complete' in plugin && typeof plugin.complete === 'function';
}

/** Whether a plugin's upstream can go on with work after a call returned. */
export function runsTasks(plugin: ProviderPlugin): plugin is ProviderPlugin & RunsTasks {
  return 'getTask' in plugin && typeof plugin.getTask === 'function';
}

/** Whether a plugin can turn a live upstream or a document into manifests. */
export function discovers(plugin: ProviderPlugin): plugin is ProviderPlugin & Discovers {
  return 'discover' in plugin && typeof plugin.discover === 'function';
}
