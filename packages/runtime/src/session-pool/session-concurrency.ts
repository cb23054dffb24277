import type { SessionFacts } from '@capstan/provider';
import type { SessionSettings } from './session-settings.ts';

const concurrencyOfLight = 256;
const concurrencyOfOthers = 64;

/** Calls that a session takes at once: what the manifest says, else what the plugin knows of it. */
export function concurrencyOf({ light, maxConcurrency }: SessionFacts, settings: SessionSettings): number {
  return settings.maxConcurrency ?? maxConcurrency ?? (light === true ? concurrencyOfLight : concurrencyOfOthers);
}
