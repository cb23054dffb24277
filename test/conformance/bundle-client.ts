import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** Makes one JavaScript file of the client and all it needs, `client.mjs` in `outDir`, from source: the suite starts dozens of it at once. */
export async function bundleClient(outDir: string): Promise<void> {
  await build({
    configFile: false,
    root: folder,
    logLevel: 'error',
    ssr: {
      noExternal: true,
      // Native; looked for when it is needed, done without where it is not there.
      external: ['@napi-rs/keyring'],
      resolve: { conditions: ['capstan-source', 'module', 'node'] },
    },
    build: {
      ssr: 'client.ts',
      target: 'node22',
      outDir,
      emptyOutDir: false,
      rolldownOptions: { output: { entryFileNames: 'client.mjs', codeSplitting: false } },
    },
  });
}
