import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentOf } from './capstan.ts';
import { workspaceRoot } from '../guards/workspace.ts';
import { toyProviderPath, type ToyWorkspace, toyWorkspace } from './toy-workspace.ts';

/** A provider plugin in plain JavaScript that answers with its own prefix. */
const plainPlugin = (prefix: string): string => `{
  prefix: '${prefix}',
  metadataSchema: { type: 'object', properties: { ${prefix}_word: { type: 'string' } } },
  sessionKey: () => ({ upstream: [], identity: { kind: 'none' } }),
  initializeSession: async () => ({}),
  executeWithSession: async () => ({ output: '${prefix} in a session', isError: false }),
  execute: async () => ({ output: '${prefix} answers', isError: false }),
  terminateSession: async () => {},
  classifyError: () => ({ kind: 'fatal', sent: false }),
}`;

const plainManifest = (prefix: string): string =>
  `id: ${prefix}.hello\neffect: read\nmetadata: { ${prefix}_word: hello }\n`;

let toys: ToyWorkspace;
beforeAll(async () => {
  toys = await toyWorkspace({
    'package.json': '{ "type": "module" }',
    'capabilities/plain.yaml': plainManifest('plain'),
    'plain.mjs': `export const other = 1;\nexport const provider = ${plainPlugin('plain')};\n`,
    'function.mjs': `export default () => (${plainPlugin('plain')});\n`,
    'lingering.mjs': `setInterval(() => {}, 3_600_000);\nexport default ${plainPlugin('plain')};\n`,
    'factory.mjs': `export const makeProvider = (options) => (host) => (${plainPlugin('plain')});\n`,
    'incomplete.mjs': `const { metadataSchema, classifyError, ...rest } = ${plainPlugin('plain')};\nexport default rest;\n`,
    'nothing.mjs': 'export const answer = 42;\n',
    'broken.mjs': 'export const = 1;\n',
    'node_modules/plain-package/package.json':
      '{ "name": "plain-package", "type": "module", "exports": { "import": "./index.js" } }',
    'node_modules/plain-package/index.js': `export const provider = ${plainPlugin('plain')};\n`,
  });
});
afterAll(async () => {
  await toys[Symbol.asyncDispose]();
});

describe.concurrent('--provider', () => {
  test.each(['plain.mjs', './function.mjs', 'plain-package'])('takes the plugin from %s', async (module) => {
    const { stdout, stderr } = await toys.run(['--provider', module, 'call', 'plain.hello']);
    expect({ stdout, stderr }).toEqual({ stdout: 'plain answers\n', stderr: '' });
  });

  test.each([
    [
      './factory.mjs',
      'The function makeProvider of ./factory.mjs made no provider plugin. If it is a factory, give what it makes',
    ],
    ['./nothing.mjs', 'exports no provider plugin: it exports answer.'],
    ['./broken.mjs', 'cannot be loaded: '],
    ['no-such-package', "cannot be loaded: Cannot find package 'no-such-package'"],
  ])('says what is wrong with %s', async (module, says) => {
    const { stdout, stderr, exitCode } = await toys.run(['--provider', module, 'list']);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
    expect(stderr).toContain(says);
    expect(stderr).not.toContain('capstan --help');
  });

  test('names what an incomplete plugin lacks', async () => {
    const { stderr, exitCode } = await toys.run(['--provider', './incomplete.mjs', 'list']);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('error PROVIDER_UNDETECTED: The plugin "plain" lacks metadataSchema, classifyError.');
  });

  test('a plugin that leaves a timer behind does not keep the command from ending', async () => {
    const finished = await toys.run(['--provider', './lingering.mjs', 'call', 'plain.hello', '--json']);
    expect(finished.exitCode).toBe(0);
    expect(documentOf(finished)).toMatchObject({ output: 'plain answers' });
  });

  test('two plugins of one prefix are refused', async () => {
    const { stderr, exitCode } = await toys.run(['--provider', './plain.mjs', '--provider', './function.mjs', 'list']);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('error PROVIDER_AMBIGUOUS: Two provider plugins claim the prefix "plain"');
  });
});

describe.concurrent('capstan.config.ts', () => {
  test('brings providers, manifests and limits, as TypeScript', async () => {
    await using own = await toyWorkspace({
      'package.json': '{ "type": "module" }',
      'plain.mjs': `export const provider = ${plainPlugin('plain')};\n`,
      'manifests/plain.yaml': plainManifest('plain'),
      'capstan.config.ts': `import { type CapstanConfig, defineConfig } from '@capstan/cli';
import { toyProvider } from ${JSON.stringify(toyProviderPath)};
import { provider } from './plain.mjs';
const manifests: CapstanConfig['manifests'] = ['manifests', 'capabilities'];
export default defineConfig({ manifests, providers: [provider, toyProvider], calls: { maxTotalMs: 300 } });
`,
    });
    mkdirSync(join(own.folder, 'node_modules/@capstan'), { recursive: true });
    symlinkSync(join(workspaceRoot, 'packages/cli'), join(own.folder, 'node_modules/@capstan/cli'));
    const plain = await own.runBare(['call', 'plain.hello']);
    expect(plain).toEqual({ stdout: 'plain answers\n', stderr: '', exitCode: 0 });
    const slow = await own.runBare(['call', 'toy.slow']);
    expect(slow.exitCode).toBe(8);
    expect(slow.stderr).toContain('300 ms');
  });

  test('may have another name and folder: its manifests are found from there', async () => {
    await using own = await toyWorkspace({
      'deep/capstan.config.mjs': `export default { manifests: 'here', providers: [${plainPlugin('plain')}] };\n`,
      'deep/here/plain.yaml': plainManifest('plain'),
    });
    const { stdout } = await own.runBare(['list', '--config', 'deep/capstan.config.mjs']);
    expect(stdout).toContain('plain.hello');
    expect(stdout).not.toContain('toy.echo');
  });

  test.each([
    [
      'an unknown key',
      'export default { provider: [] };',
      'Unknown key "provider" in the configuration capstan.config.mjs. Did you mean "providers"?',
    ],
    [
      'a second-level key that is unknown',
      'export default { calls: { timeoutMS: 5 } };',
      'Unknown key "calls.timeoutMS" in the configuration capstan.config.mjs. Did you mean "timeoutMs"?',
    ],
    [
      'an item that is no provider',
      `export default { providers: [${plainPlugin('plain')}, undefined] };`,
      'The item providers[1] of the configuration capstan.config.mjs is no provider plugin.',
    ],
    [
      'a function that makes no provider',
      'export default { providers: [() => 42] };',
      'The function providers[0] of the configuration capstan.config.mjs made no provider plugin.',
    ],
    ['no default export', 'export const config = {};', 'no default export of an object'],
  ])('is refused for %s', async (_what, text, says) => {
    await using own = await toyWorkspace({ 'capstan.config.mjs': text });
    const { stderr, exitCode } = await own.runBare(['list']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('capstan.config.mjs');
    expect(stderr).toContain(says);
    expect(stderr).not.toContain('capstan --help');
  });

  test('that was named and does not exist is an error', async () => {
    const { stderr, exitCode } = await toys.run(['list', '--config', 'none.ts']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('none.ts');
  });
});
