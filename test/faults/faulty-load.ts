import { mcpProvider } from '@capstan/provider-mcp';
import { createRuntime, type Runtime } from '@capstan/runtime';
import type { FaultyUpstream } from './faulty-upstream.ts';

export interface FaultyLoadOptions {
  readonly calls: number;
  readonly atOnce: number;
  /** Of calls that a fault hits. Each fault hits all that are under way. */
  readonly faultRate: number;
  /** Reproduces the order of faults. */
  readonly seed: number;
}

export interface FaultyLoadReport {
  readonly succeeded: number;
  /** Error codes, and how often each was seen. */
  readonly failed: Readonly<Record<string, number>>;
  /** Times that the server forgot its sessions. */
  readonly losses: number;
  readonly sessionsOpened: number;
  readonly latenciesMs: readonly number[];
}

/** A runtime whose one capability reads from `upstream`. */
export async function faultyRuntime(upstream: FaultyUpstream): Promise<Runtime> {
  return await createRuntime({
    manifests: [
      {
        id: 'faulty.echo',
        effect: 'read',
        metadata: {
          mcp_server_url: upstream.url,
          mcp_protocol: 'legacy',
          mcp_tool_name: 'echo',
          call_timeout_ms: 20_000,
        },
      },
    ],
    providers: [mcpProvider()],
    environment: {},
  });
}

/** Calls under faults: forgotten sessions, connections reset or ended under calls, a server that is gone for a moment. */
export async function faultyLoad(
  runtime: Runtime,
  upstream: FaultyUpstream,
  { calls, atOnce, faultRate, seed }: FaultyLoadOptions,
): Promise<FaultyLoadReport> {
  const random = seeded(seed);
  const failed: Record<string, number> = {};
  const latenciesMs: number[] = [];
  let started = 0;
  let succeeded = 0;
  let losses = 0;
  let opened = 0;
  runtime.marketplace.events.on(({ type }) => {
    if (type === 'session-initialized') opened++;
  });

  async function fault(): Promise<void> {
    const { proxy } = upstream;
    const kind = random();
    if (kind < 0.4) {
      losses++;
      await upstream.dropSessions();
    } else if (kind < 0.7) proxy.cut('reset');
    else if (kind < 0.9) proxy.cut('end');
    else {
      await proxy.refuse();
      await proxy.accept();
    }
  }

  async function worker(): Promise<void> {
    while (started < calls) {
      const text = `call ${started++}`;
      if (random() < faultRate / atOnce) await fault();
      const start = performance.now();
      try {
        const { output } = await runtime.call('faulty.echo', { text });
        if (output === text) succeeded++;
        else failed['another answer'] = (failed['another answer'] ?? 0) + 1;
      } catch (error) {
        const code = (error as { code?: string }).code ?? 'no code';
        failed[code] = (failed[code] ?? 0) + 1;
      }
      latenciesMs.push(performance.now() - start);
    }
  }

  await Promise.all(Array.from({ length: atOnce }, worker));
  return { succeeded, failed, losses, sessionsOpened: opened, latenciesMs };
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
