import { mcpProvider } from '@capstan/provider-mcp';
import { createRuntime, type Runtime, type RuntimeEvent, type RuntimeOptions } from '@capstan/runtime';
import { fileURLToPath } from 'node:url';

const manifest = fileURLToPath(new URL('../../capabilities/github.yaml', import.meta.url));

/** A runtime over the shipped GitHub manifest, and the events of its life. */
export async function githubRuntime(
  environment: Readonly<Record<string, string | undefined>>,
  options: Partial<RuntimeOptions> = {},
): Promise<{ runtime: Runtime; events: RuntimeEvent[] }> {
  const runtime = await createRuntime({ manifests: manifest, providers: [mcpProvider()], environment, ...options });
  const events: RuntimeEvent[] = [];
  runtime.marketplace.events.on((event) => events.push(event));
  return { runtime, events };
}
