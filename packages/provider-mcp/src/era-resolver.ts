import { EgressError } from '@capstan/http-egress';
import { type Caller, CapstanError } from '@capstan/provider';
import { StartFailure, type Approach, type Connection } from './connection.ts';
import { ExpiringMap } from './expiring-map.ts';
import type { Handshake } from './handshake.ts';
import type { McpTarget } from './mcp-target.ts';
import { untilAborted } from './until-aborted.ts';
import { NotModern } from './probe-era.ts';
import { ConnectionEnded, HttpRefusal } from './wire/wire-errors.ts';

/** What a server turned out to speak, and, where that needs no handshake, all that it said of itself. */
export type EraVerdict = { readonly era: 'legacy' } | { readonly era: 'modern'; readonly handshake: Handshake };

interface Probe {
  readonly caller: Caller;
  /** Undefined where it gave a verdict, or was given up by its own caller, so that another one has to ask. */
  readonly failure: Promise<{ readonly error: unknown } | undefined>;
}

/**
 * Decides once per server and identity which protocol era to speak, and remembers it for an hour, or as long as the server says.
 * The one who asks keeps the connection it asked on; all others connect with what it learnt.
 */
export class EraResolver {
  readonly #verdicts = new ExpiringMap<EraVerdict>({ ttlMs: 3_600_000, maxEntries: 1000 });
  readonly #probes = new Map<string, Probe>();

  /** `open` makes one connection; it is called a second time only where the first answer said nothing about the era. */
  async connect(
    key: string,
    caller: Caller,
    target: McpTarget,
    signal: AbortSignal,
    open: (approach: Approach) => Promise<Connection>,
  ): Promise<Connection> {
    if (speaksLegacyOnly(target)) return open({ kind: 'legacy' });
    for (;;) {
      const verdict = this.#verdicts.get(key);
      if (verdict !== undefined)
        return open(verdict.era === 'legacy' ? { kind: 'legacy' } : { kind: 'modern', handshake: verdict.handshake });
      const running = this.#probes.get(key);
      if (running === undefined) return this.#probe(key, caller, target, signal, open);
      const failure = await untilAborted(running.failure, signal);
      if (failure === undefined || (isAboutCaller(failure.error) && !isSame(running.caller, caller))) continue;
      throw failure.error;
    }
  }

  /** What is known without asking. */
  known(key: string, target: McpTarget): EraVerdict | undefined {
    return speaksLegacyOnly(target) ? { era: 'legacy' } : this.#verdicts.get(key);
  }

  /** The server behaved as if it spoke the other era: ask again next time. */
  forget(key: string): void {
    this.#verdicts.delete(key);
  }

  async #probe(
    key: string,
    caller: Caller,
    target: McpTarget,
    signal: AbortSignal,
    open: (approach: Approach) => Promise<Connection>,
  ): Promise<Connection> {
    const outcome = Promise.withResolvers<{ readonly error: unknown } | undefined>();
    this.#probes.set(key, { caller, failure: outcome.promise });
    try {
      const connection = await this.#ask(target, signal, open);
      this.#verdicts.set(key, verdictOf(connection), connection.ttlMs);
      outcome.resolve(undefined);
      return connection;
    } catch (error) {
      outcome.resolve(signal.aborted ? undefined : { error });
      throw error;
    } finally {
      this.#probes.delete(key);
    }
  }

  async #ask(
    target: McpTarget,
    signal: AbortSignal,
    open: (approach: Approach) => Promise<Connection>,
  ): Promise<Connection> {
    const insist = target.protocol === 'modern';
    try {
      return await open({ kind: 'probe', insist });
    } catch (error) {
      // Some old processes end at a question that they do not know.
      if (signal.aborted || target.transport !== 'stdio' || !isProcessEnd(error)) throw error;
      if (insist) throw new NotModern('The process ended at the question.', { cause: error });
      return open({ kind: 'legacy' });
    }
  }
}

function speaksLegacyOnly(target: McpTarget): boolean {
  return target.protocol === 'legacy' || target.transport === 'sse';
}

function verdictOf({ era, protocolVersion, serverName, serverCapabilities, instructions }: Connection): EraVerdict {
  if (era === 'legacy') return { era };
  return { era, handshake: { era, protocolVersion, serverName, serverCapabilities, instructions } };
}

/** Credentials are read for each caller: what is wrong with those of one is nothing that another should hear. */
function isAboutCaller(error: unknown): boolean {
  if (error instanceof HttpRefusal) return error.status === 401 || error.status === 403;
  return CapstanError.isInstance(error) && !(error instanceof EgressError);
}

function isSame(one: Caller, other: Caller): boolean {
  return one.subject === other.subject && one.tenant === other.tenant;
}

function isProcessEnd(error: unknown): boolean {
  return (error instanceof StartFailure ? error.cause : error) instanceof ConnectionEnded;
}
