import { fileURLToPath } from 'node:url';
import { mcpProvider } from '@capstan/provider-mcp';
import { createRuntime } from '@capstan/runtime';
import type { EchoClient } from '../client.ts';

const manifest = fileURLToPath(new URL('../echo.yaml', import.meta.url));

export interface CapstanClient extends EchoClient {
  call(text: string, signal?: AbortSignal): Promise<string>;
}

export async function openCapstan(url: string): Promise<CapstanClient> {
  const runtime = await createRuntime({
    manifests: manifest,
    providers: [mcpProvider()],
    environment: { BENCH_UPSTREAM_URL: url },
  });
  return {
    call: async (text, signal) => {
      const { output } = await runtime.call('echo.text', { text }, signal && { signal });
      return output as string;
    },
    close: () => runtime.close(),
  };
}
