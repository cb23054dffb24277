import type { Capability } from '@capstan/provider';
import type { Runtime } from '@capstan/runtime';
import { upstreamName } from '../upstream-name.ts';

/** Who asks, as far as we know it ourselves: the capability, its upstream, and what that calls itself. */
export function askedBy({ sessions }: Runtime, capability: Capability): string {
  const busy = sessions?.list().find(({ openedFor, ended }) => openedFor === capability.id && ended === undefined);
  const ownName = busy?.facts.upstreamName;
  const named = ownName === undefined ? '' : `, which calls itself "${ownName}"`;
  return `${capability.id} (${upstreamName(capability)}${named})`;
}
