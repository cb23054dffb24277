import type { Capability } from '@capstan/provider';
import type { Runtime } from '@capstan/runtime';
import { visible } from '../style.ts';
import { upstreamName } from '../upstream-name.ts';

const longestName = 60;

/** Who asks, as far as we know it ourselves: the capability, its upstream, and what that calls itself. */
export function askedBy({ sessions }: Runtime, capability: Capability): string {
  const busy = sessions?.list().find(({ openedFor, ended }) => openedFor === capability.id && ended === undefined);
  const ownName = busy?.facts.upstreamName;
  const named = ownName === undefined ? '' : `, which calls itself ${shown(ownName)}`;
  return `${capability.id} (${upstreamName(capability)}${named})`;
}

/** In one line and in quotes, so that it cannot pass for what the command says. */
function shown(name: string): string {
  return visible(JSON.stringify(name.length > longestName ? `${name.slice(0, longestName)}…` : name));
}
