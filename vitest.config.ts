import { globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { defineConfig } from 'vitest/config';

const conditions = ['capstan-source', 'module', 'node', 'development|production'];

/** One project for each package and example that has tests, and one for `test`. All run from source and need no build. `live` needs accounts. */
const projects = [...globSync('{packages,examples}/*/test', { cwd: import.meta.dirname }).map(dirname), 'test'].map(
  (folder) => ({
    extends: true as const,
    test: {
      name: folder.startsWith('examples') ? `example-${basename(folder)}` : basename(folder),
      root: join(import.meta.dirname, folder),
      include: [folder === 'test' ? '**/*.test.ts' : 'test/**/*.test.ts'],
      environment: 'node' as const,
      // Sources keep no state in modules, so files may share a process: it saves a third of the time.
      isolate: !folder.startsWith('packages'),
    },
  }),
);

const live = {
  extends: true as const,
  test: { name: 'live', root: join(import.meta.dirname, 'test'), include: ['live/**/*.live.ts'] },
};

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: { projects: [...projects, live], testTimeout: 30_000, hookTimeout: 30_000, unstubEnvs: true },
});
