import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';
import { workspaceRoot } from './workspace.ts';

const lockfile = readFileSync(join(workspaceRoot, 'pnpm-lock.yaml'), 'utf8');

const audit = (text: string) => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'pnpm-lock.yaml');
  writeFileSync(path, text);
  const script = join(workspaceRoot, 'scripts/audit-floors.ts');
  const { status, stderr } = spawnSync(process.execPath, [script, path], { encoding: 'utf8' });
  return { status, stderr };
};

test('every resolved version is at its floor or above', () => {
  expect(audit(lockfile)).toEqual({ status: 0, stderr: '' });
});

test.each([
  [
    "'@modelcontextprotocol/sdk@1.31.9'",
    '@modelcontextprotocol/sdk 1.31.9 is below the floor 1.32.0',
    'CVE-2026-111769',
  ],
  [
    "'@modelcontextprotocol/client@2.2.10'",
    '@modelcontextprotocol/client 2.2.10 is below the floor 2.3.0',
    'CVE-2026-104850',
  ],
  ["'@modelcontextprotocol/server@2.3.0-rc.1'", '@modelcontextprotocol/server 2.3.0-rc.1 is below', 'CVE-2026-111770'],
  ['mcp-remote@0.1.9', 'mcp-remote 0.1.9 is below the floor 0.1.16', 'CVE-2025-6514'],
])('a second, old version fails the audit: %s', (key, sentence, advisory) => {
  const { status, stderr } = audit(lockfile.replace('\npackages:\n', `\npackages:\n\n  ${key}:\n    hasBin: true\n`));
  expect(status).toBe(1);
  expect(stderr).toContain(sentence);
  expect(stderr).toContain(advisory);
});

test.each(["'@modelcontextprotocol/sdk@1.32.0'", "'@modelcontextprotocol/inspector@0.15.0'"])(
  'a version at the floor or above passes: %s',
  (key) => {
    expect(audit(`packages:\n  ${key}: {}\n`)).toEqual({ status: 0, stderr: '' });
  },
);

test('a file without packages is no proof', () => {
  expect(audit("lockfileVersion: '10.0'\n").status).toBe(1);
});
