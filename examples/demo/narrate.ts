import type { RuntimeEvent } from '@capstan/runtime';

/** Says to a person what an event means. */
export function narrate(event: RuntimeEvent): void {
  const text = sentence(event);
  if (text !== undefined) console.log(`  ${text}`);
}

function sentence(event: RuntimeEvent): string | undefined {
  switch (event.type) {
    case 'session-required':
      return `metadata         ${event.metadataCount} entries; a session is required: ${event.key} = ${String(event.value)}`;
    case 'session-delegated':
      return 'delegated        to the session pool';
    case 'session-initializing':
      return `initialising     session ${event.session} (pool key ${event.key})`;
    case 'session-initialized': {
      const { upstreamName = 'unnamed server', protocolVersion = 'unknown', upstreamSessionHash } = event.facts;
      const id = upstreamSessionHash === undefined ? 'no session id' : `session id #${upstreamSessionHash}`;
      return `initialised      ${upstreamName}, protocol ${protocolVersion}, ${id}, ${Math.round(event.durationMs)} ms`;
    }
    case 'session-reused':
      return `REUSED           session ${event.session}`;
    case 'call-start':
      return `called           on ${event.session ?? 'no session'}, effect ${event.effect}`;
    case 'call-end':
      return `ended            ${event.outcome}, ${event.durationMs.toFixed(1)} ms`;
    case 'session-terminated':
      return `terminated       session ${event.session} after ${event.calls} calls (${event.reason}), ${event.confirmed ? 'confirmed' : 'NOT confirmed'}`;
    default:
      return undefined;
  }
}
