import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workspacePackages, workspaceRoot } from './workspace.ts';

interface Packed {
  readonly name: string;
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

const require = createRequire(import.meta.url);
const tools = join(workspaceRoot, 'node_modules/.bin');
const attw = join(dirname(require.resolve('@arethetypeswrong/cli/package.json')), 'dist/index.js');
const outputEndings = ['.js', '.js.map', '.d.ts', '.d.ts.map'];
const published = workspacePackages(workspaceRoot).filter(({ manifest }) => manifest.private !== true);

const run = async (command: string, args: readonly string[], cwd: string) => {
  const env = { ...process.env, PATH: [tools, process.env['PATH']].join(delimiter), NO_COLOR: '1' };
  return promisify(execFile)(command, args, { cwd, env, maxBuffer: 16 * 1024 * 1024 });
};

/** Exit code and all output of a command that is expected to find fault. */
const report = async (command: string, args: readonly string[], cwd: string) =>
  run(command, args, cwd).then(
    ({ stdout, stderr }) => ({ exitCode: 0, output: stdout + stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      exitCode: code,
      output: stdout + stderr,
    }),
  );

let folder = '';
let packed: readonly Packed[] = [];

const packedAs = (name: string): Packed => {
  const found = packed.find((one) => one.name === name);
  if (found === undefined) throw new Error(`${name} was not packed`);
  return found;
};

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'capstan-packed-')));
  const filters = published.flatMap(({ manifest }) => ['--filter', manifest.name]);
  const { stdout } = await run(
    'pnpm',
    ['-r', ...filters, 'pack', '--pack-destination', folder, '--json'],
    workspaceRoot,
  );
  packed = [JSON.parse(stdout) as Packed | readonly Packed[]].flat();
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe.each(published.map(({ manifest }) => manifest.name))('%s, packed', (name) => {
  test('holds what was built from its sources, and nothing else', () => {
    const paths = packedAs(name).files.map(({ path }) => path);
    const sources = paths.flatMap((path) => /^src\/(.+)\.ts$/.exec(path)?.[1] ?? []);
    const expected = sources.flatMap((source) => outputEndings.map((ending) => `dist/${source}${ending}`));
    const built = paths.filter((path) => path.startsWith('dist/'));
    const strange = paths.filter((path) => !/^(?:src\/.+|dist\/.+|LICENSE|README\.md|package\.json)$/.test(path));
    expect({
      missing: expected.filter((path) => !built.includes(path)),
      stale: built.filter((path) => !expected.includes(path)),
      strange,
    }).toEqual({ missing: [], stale: [], strange: [] });
  });

  test('has nothing for publint to say', async () => {
    const tarball = readFileSync(packedAs(name).filename);
    const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg ?? {}, { color: false }))).toEqual([]);
  });

  test('resolves with its types wherever ES modules do', async () => {
    const args = [attw, packedAs(name).filename, '--profile', 'esm-only', '--no-color', '--no-emoji'];
    const { exitCode, output } = await report(process.execPath, args, workspaceRoot);
    expect(exitCode, output).toBe(0);
  });
});

describe('a project that installs all packages', () => {
  let consumer = '';

  beforeAll(async () => {
    consumer = join(folder, 'consumer');
    const modules = join(consumer, 'node_modules');
    const link = (target: string, name: string) => {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      rmSync(join(modules, name), { force: true });
      symlinkSync(realpathSync(target), join(modules, name), 'dir');
    };
    link(join(workspaceRoot, 'node_modules/@types/node'), '@types/node');
    for (const { path, manifest } of published) {
      const target = join(modules, manifest.name);
      mkdirSync(target, { recursive: true });
      await run('tar', ['-xzf', packedAs(manifest.name).filename, '-C', target, '--strip-components=1'], folder);
      for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }))
        if (!name.startsWith('@capstan/')) link(join(path, 'node_modules', name), name);
    }
    const hostApp = join(workspaceRoot, 'examples/host-app');
    const upstream = '@modelcontextprotocol/server-everything';
    link(join(hostApp, 'node_modules', upstream), upstream);
    for (const name of ['host-app.mjs', 'host-app-with-parts.mjs', 'capabilities'])
      cpSync(join(hostApp, name), join(consumer, name), { recursive: true });
    const imports = published.map(({ manifest }, index) => `import * as package${index} from '${manifest.name}';`);
    const names = published.map((_, index) => `package${index}`).join(', ');
    writeFileSync(join(consumer, 'package.json'), JSON.stringify({ type: 'module' }));
    writeFileSync(join(consumer, 'consumer.ts'), `${imports.join('\n')}\nconsole.log([${names}].length);\n`);
  });

  test('compiles under nodenext, libraries checked', async () => {
    const options = ['--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node', '--noEmit'];
    const args = [...options, '--skipLibCheck', 'false', 'consumer.ts'];
    const { output } = await report('tsc', args, consumer);
    const elsewhere = relative(consumer, workspaceRoot);
    const ours = output.split('\n').filter((line) => line.trim() !== '' && !line.startsWith(elsewhere));
    expect(ours).toEqual([]);
  });

  test('loads every package from what was built', async () => {
    const { exitCode, output } = await report(process.execPath, ['consumer.ts'], consumer);
    expect(output).toBe(`${published.length}\n`);
    expect(exitCode).toBe(0);
  });

  test('calls a server from the five-line host app', async () => {
    const { exitCode, output } = await report(process.execPath, ['host-app.mjs'], consumer);
    expect(output).toMatch(/^Echo: hello \{ attempts: 1, session: 'new', durationMs: [\d.]+ \}\n$/);
    expect(exitCode).toBe(0);
  });

  test('takes the secrets, interceptors and replaced parts of a host', async () => {
    const { exitCode, output } = await report(process.execPath, ['host-app-with-parts.mjs'], consumer);
    // The server got the secret, or it could not have said it back; and nobody else gets to see it.
    expect(output).toBe(
      ['new', 'reused']
        .map((session) => [
          'checked by the host: greeting.environment',
          `audit: ada called greeting.environment, session ${session}`,
          '[redacted GREETING_API_KEY]',
          '',
        ])
        .map((lines) => lines.join('\n'))
        .join(''),
    );
    expect(exitCode).toBe(0);
  });
});
