import { SdkError, SdkErrorCode, SdkHttpError, type PriorDiscovery } from '@modelcontextprotocol/client';
import type { Approach, Connection } from './connection.ts';
import { ExpiringMap } from './expiring-map.ts';
import type { McpTarget } from './mcp-capability.ts';

const modernRevision = '2026-07-28';
const legacy: Approach = { kind: 'prior', prior: { kind: 'legacy' } };

interface Probe {
  /** Undefined where it gave a verdict, or was given up by its own caller, so that another one has to ask. */
  readonly failure: Promise<{ readonly error: unknown } | undefined>;
}

/**
 * Decides once per server and identity which protocol era to speak, and remembers it for an hour.
 * The one who asks keeps the connection it asked on; all others connect with what it learnt.
 */
export class EraResolver {
  readonly #verdicts = new ExpiringMap<PriorDiscovery>({ ttlMs: 3_600_000, maxEntries: 1000 });
  readonly #probes = new Map<string, Probe>();

  /** `open` makes one connection; it is called a second time only where the first answer said nothing about the era. */
  async connect(
    key: string,
    target: McpTarget,
    signal: AbortSignal,
    open: (approach: Approach) => Promise<Connection>,
  ): Promise<Connection> {
    if (target.protocol === 'legacy') return open(legacy);
    for (;;) {
      const prior = this.#verdicts.get(key);
      if (prior !== undefined) return open({ kind: 'prior', prior });
      const running = this.#probes.get(key);
      if (running === undefined) return this.#probe(key, target, signal, open);
      const failure = await settledOrAborted(running.failure, signal);
      if (failure !== undefined) throw failure.error;
    }
  }

  /** What is known without asking. */
  known(key: string, target: McpTarget): PriorDiscovery | undefined {
    return target.protocol === 'legacy' ? { kind: 'legacy' } : this.#verdicts.get(key);
  }

  /** The server behaved as if it spoke the other era: ask again next time. */
  forget(key: string): void {
    this.#verdicts.delete(key);
  }

  async #probe(
    key: string,
    target: McpTarget,
    signal: AbortSignal,
    open: (approach: Approach) => Promise<Connection>,
  ): Promise<Connection> {
    const outcome = Promise.withResolvers<{ readonly error: unknown } | undefined>();
    this.#probes.set(key, { failure: outcome.promise });
    try {
      const connection =
        target.protocol === 'modern'
          ? await open({ kind: 'negotiate', mode: { pin: modernRevision } })
          : await this.#negotiate(signal, open);
      this.#verdicts.set(key, verdictOf(connection));
      outcome.resolve(undefined);
      return connection;
    } catch (error) {
      outcome.resolve(signal.aborted ? undefined : { error });
      throw error;
    } finally {
      this.#probes.delete(key);
    }
  }

  async #negotiate(signal: AbortSignal, open: (approach: Approach) => Promise<Connection>): Promise<Connection> {
    try {
      return await open({ kind: 'negotiate', mode: 'auto' });
    } catch (error) {
      if (signal.aborted || !saysNothingAboutEra(error)) throw error;
      return open(legacy);
    }
  }
}

function verdictOf({ client }: Connection): PriorDiscovery {
  const discover = client.getDiscoverResult();
  return discover === undefined ? { kind: 'legacy' } : { kind: 'modern', discover };
}

/** The server is there, but choked on the question: a 5xx, no answer, or an answer that is not MCP. Old servers do that. */
function saysNothingAboutEra(error: unknown): boolean {
  if (!(error instanceof SdkError)) return false;
  if (error.code === SdkErrorCode.RequestTimeout) return true;
  if (error.code !== SdkErrorCode.EraNegotiationFailed) return false;
  if (error instanceof SdkHttpError) return error.status >= 500;
  const { cause } = error;
  return (
    (cause instanceof SdkError && cause.code === SdkErrorCode.ClientHttpUnexpectedContent) ||
    cause instanceof SyntaxError
  );
}

async function settledOrAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
