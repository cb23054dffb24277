import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startWeatherStation } from '@capstan/example-weather-provider/weather-station.ts';
import { temporaryFolder } from '../guards/temporary-folder.ts';
import { workspaceRoot } from '../guards/workspace.ts';

const run = promisify(execFile);
const read = (file: string): string => readFileSync(join(workspaceRoot, file), 'utf8');
const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'packages/cli/README.md', ...under('docs')];
const scripts = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

function under(folder: string): string[] {
  return readdirSync(join(workspaceRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);
}

function blocks(page: string, language: string): string[] {
  return [...read(page).matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(([, code = '']) => code);
}

describe('README.md', () => {
  it('shows the manifest and the host app that are run by the tests of the packed packages', () => {
    expect(blocks('README.md', 'yaml')).toEqual([read('examples/host-app/capabilities/greeting.yaml')]);
    expect(blocks('README.md', 'js')).toEqual([read('examples/host-app/host-app.mjs')]);
  });

  it('names scripts that exist', () => {
    const lines = blocks('README.md', 'sh').flatMap((block) => block.trim().split('\n'));
    const named = lines.map((line) => /pnpm@12 (\S+)/.exec(line)?.[1] ?? line);
    expect(named).toContain('demo');
    for (const name of named) expect(scripts.scripts).toHaveProperty(name);
  });

  it('shows commands that work as they stand', { timeout: 120_000 }, async () => {
    const lines = blocks('README.md', 'sh').flatMap((block) => block.trim().split('\n'));
    const commands = lines.flatMap((line) => /^npx -y pnpm@12 capstan (.+)$/.exec(line)?.[1] ?? []);
    expect(commands.length).toBeGreaterThan(3);
    using runtimeFolder = temporaryFolder();
    const env = { ...process.env, XDG_RUNTIME_DIR: runtimeFolder.path };
    using mine = temporaryFolder();
    const runCommand = async (command: string): Promise<string> => {
      // What is shown runs long enough to be looked at, and writes beside what is there.
      const words = command
        .replace('duration=30', 'duration=1')
        .replace(/ mine\b/, ` ${mine.path}`)
        .split(' ');
      const args = ['packages/cli/dist/capstan.js', ...words];
      return (await run(process.execPath, args, { cwd: workspaceRoot, env })).stdout;
    };
    const [first = '', ...others] = commands;
    const imported = await runCommand(first);
    const outputs = await Promise.all(others.map(runCommand));
    expect(imported).toMatch(/^Wrote .*filesystem\.yaml: \d+ capabilities/);
    expect(outputs.join()).toContain('[FILE] limits.md');
    expect(outputs.join()).toContain('The sum of 20 and 22 is 42.');
    expect(outputs.join()).toContain('weather.temperature');
  });
});

describe('docs/writing-a-provider.md', () => {
  const page = 'docs/writing-a-provider.md';
  const example = 'examples/weather-provider';
  const provider = `${example}/weather-provider.ts`;

  it('shows code that stands in the example, whose tests run it', () => {
    const sources = [provider, `${example}/test/weather-contract.test.ts`].map(read);
    const code = blocks(page, 'ts');
    expect(code.length).toBeGreaterThan(5);
    expect(code.filter((block) => !sources.some((source) => source.includes(block)))).toEqual([]);
  });

  it('shows the beginning of the manifest of the example', () => {
    const [manifest = 'none', ...others] = blocks(page, 'yaml');
    expect(others).toEqual([]);
    expect(read(`${example}/capabilities/weather.yaml`).startsWith(manifest)).toBe(true);
  });

  it('keeps its promise: a plugin of under 80 lines', () => {
    const lines = read(provider)
      .split('\n')
      .filter((line) => !/^\s*(?:\/\/|\/\*|\*|$)/.test(line));
    expect(lines.length).toBeLessThan(80);
  });

  it('shows commands that work as they stand, with a station running', { timeout: 120_000 }, async () => {
    await using station = await startWeatherStation();
    const [start, ...commands] = blocks(page, 'sh').flatMap((block) => block.trim().split('\n'));
    expect(start).toBe(`node ${example}/run-station.ts`);
    expect(existsSync(join(workspaceRoot, example, 'run-station.ts'))).toBe(true);
    const env = { ...process.env, WEATHER_STATION_URL: station.url };
    const outputs = await Promise.all(
      commands.map(async (command) => {
        const [, args = ''] = /^npx -y pnpm@12 capstan (.+)$/.exec(command) ?? [];
        const words = ['packages/cli/dist/capstan.js', ...args.split(' ')];
        return (await run(process.execPath, words, { cwd: workspaceRoot, env })).stdout;
      }),
    );
    expect(outputs.join()).toContain('18 °C');
    expect(station.counts).toEqual({ checkIn: 1, read: 1, checkOut: 1 });
  });
});

describe('docs/mcp.md', () => {
  const page = 'docs/mcp.md';

  it('shows manifests that are valid', async () => {
    using folder = temporaryFolder();
    const manifests = blocks(page, 'yaml');
    for (const [number, manifest] of manifests.entries()) {
      writeFileSync(join(folder.path, `${number}.yaml`), manifest);
    }
    const args = [join(workspaceRoot, 'packages/cli/dist/capstan.js'), 'validate', '.'];
    const { stdout } = await run(process.execPath, args, { cwd: folder.path });
    expect(stdout).toBe(`${manifests.length} valid capabilities, 0 errors\n`);
  });

  it('names keys that exist', () => {
    const known = new Set(read('docs/manifest.md').match(/`(?:mcp|session|call)_\w+`/g));
    const named = read(page).match(/\b(?:mcp|session|call)_[a-z0-9_]+/g) ?? [];
    expect(named.length).toBeGreaterThan(20);
    const tools = new Set(blocks(page, 'yaml').flatMap((block) => /mcp_tool_name: (\S+)/.exec(block)?.[1] ?? []));
    expect(named.filter((key) => !known.has(`\`${key}\``) && !tools.has(key))).toEqual([]);
  });

  it('shows commands and options that exist', async () => {
    const lines = blocks(page, 'sh').flatMap((block) => block.trim().split('\n'));
    const wrong = await Promise.all(
      lines.map(async (line) => {
        const [, command = '', rest = ''] = /^capstan (import mcp|\w+) (.+)$/.exec(line) ?? [];
        const args = ['packages/cli/dist/capstan.js', ...command.split(' '), '--help'];
        const { stdout } = await run(process.execPath, args, { cwd: workspaceRoot });
        return (rest.match(/--[a-z-]+/g) ?? []).filter((option) => !stdout.includes(`  ${option}`));
      }),
    );
    expect(wrong.flat()).toEqual([]);
  });
});

describe('pages', () => {
  it.each(pages)('%s links to files that exist', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link = '']) => link);
    const dead = links.filter((link) => !existsSync(join(workspaceRoot, dirname(page), link)));
    expect(dead).toEqual([]);
  });

  it('that are made from the code are up to date', async () => {
    const { stderr } = await run(process.execPath, ['scripts/generate-docs.ts', '--check'], { cwd: workspaceRoot });
    expect(stderr).toBe('');
  });
});
