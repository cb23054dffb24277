import type { JsonObject } from '@capstan/provider';
import type { Approach } from './connection.ts';
import type { EraVerdict } from './era-resolver.ts';
import { ExpiringMap } from './expiring-map.ts';
import { latestLegacyRevision } from './handshake.ts';
import type { McpSession } from './mcp-session.ts';
import { UpstreamError } from './upstream-error.ts';

export interface StatelessCall<T extends object> {
  /** Server and identity. */
  readonly key: string;
  /** What is known about the server's protocol era. */
  readonly known: EraVerdict | undefined;
  readonly isProcess: boolean;
  /** Without an approach: find out how to talk to the server first. */
  readonly connect: (approach: Approach | undefined) => Promise<McpSession>;
  readonly call: (session: McpSession) => Promise<T>;
  readonly warn: (event: string, details: JsonObject) => void;
}

/** With which servers say that they want a session first, or a handshake. */
const sessionWanted: readonly unknown[] = [-32001, -32002, -32600];

/** How a legacy server takes a call that wants no session: straight away, or only after a handshake. */
type LegacyForm = { readonly handshake: true } | { readonly handshake: false; readonly protocolVersion: string };

/** Calls outside the pool (`mcp_requires_session: false`): each opens what it needs and ends it. */
export class StatelessCalls {
  readonly #forms = new ExpiringMap<LegacyForm>({ ttlMs: 3_600_000, maxEntries: 1000 });
  readonly #warned = new ExpiringMap<true>({ ttlMs: 3_600_000, maxEntries: 1000 });

  async execute<T extends object>(call: StatelessCall<T>): Promise<T> {
    if (call.isProcess) this.#warnAboutProcess(call);
    else if (call.known?.era === 'legacy') {
      const form = this.#forms.get(call.key) ?? { handshake: false, protocolVersion: latestLegacyRevision };
      if (!form.handshake) {
        const result = await this.#withoutHandshake(call, form.protocolVersion);
        if (result !== undefined) return result;
      }
    }
    const session = await call.connect(undefined);
    if (!call.isProcess && session.era === 'legacy') this.#rememberForm(call.key, session);
    return callAndEnd(session, call);
  }

  /** One request, nothing before or after it. Undefined where the server refused it for want of a session: nothing was executed. */
  async #withoutHandshake<T extends object>(call: StatelessCall<T>, protocolVersion: string): Promise<T | undefined> {
    const session = await call.connect({ kind: 'stateless', protocolVersion });
    try {
      return await callAndEnd(session, call);
    } catch (error) {
      if (!isBadRequest(error)) throw error;
      return undefined;
    }
  }

  #rememberForm(key: string, session: McpSession): void {
    const { protocolVersion } = session.facts;
    if (session.hasSessionId) this.#forms.set(key, { handshake: true });
    else this.#forms.set(key, { handshake: false, protocolVersion: protocolVersion ?? latestLegacyRevision });
  }

  #warnAboutProcess({ key, warn }: Pick<StatelessCall<object>, 'key' | 'warn'>): void {
    if (this.#warned.get(key) !== undefined) return;
    this.#warned.set(key, true);
    warn('mcp.process-per-call', { advice: 'mcp_requires_session: auto keeps one process for all calls' });
  }
}

async function callAndEnd<T extends object>(session: McpSession, { call, warn }: StatelessCall<T>): Promise<T> {
  try {
    return await call(session);
  } finally {
    // The answer counts; a server that does not confirm the end of its session takes nothing away from it.
    await session.terminate().catch(() => warn('mcp.session-end-unconfirmed', {}));
  }
}

function isBadRequest(error: unknown): boolean {
  if (!(error instanceof UpstreamError)) return false;
  const { status, rpcAnswered, rpcCode } = error.details;
  // An error in answer to the call itself can come of its execution, unless it is one of the frame.
  return status === 400 && (rpcAnswered !== true || sessionWanted.includes(rpcCode));
}
