import {
  type CapabilityDeclaration,
  createRuntime,
  type Runtime,
  type RuntimeEvent,
  type RuntimeOptions,
} from '@capstan/runtime';
import { counterProvider } from './counter-provider.ts';
import type { CounterServer } from './counter-server.ts';

/** A capability of the counter server. */
export function counterCapability(
  server: CounterServer,
  declaration: Partial<CapabilityDeclaration> = {},
): CapabilityDeclaration {
  const { metadata, ...rest } = declaration;
  return { id: 'counter.count', ...rest, metadata: { counter_server_url: server.url, ...metadata } };
}

/** A runtime over the counter server, and the events that it emitted. */
export async function counterRuntime(
  server: CounterServer,
  declarations: readonly Partial<CapabilityDeclaration>[] = [{}],
  options: Partial<RuntimeOptions> = {},
): Promise<{ runtime: Runtime; events: RuntimeEvent[] }> {
  const runtime = await createRuntime({
    manifests: declarations.map((declaration) => counterCapability(server, declaration)),
    providers: [counterProvider()],
    environment: {},
    ...options,
  });
  const events: RuntimeEvent[] = [];
  runtime.marketplace.events.on((event) => events.push(event));
  return { runtime, events };
}
