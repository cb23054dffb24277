import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { capstan, type Finished } from './capstan.ts';

const script = fileURLToPath(new URL('./changing-server.mjs', import.meta.url));

export type Tool = Readonly<Record<string, unknown>> & { readonly name: string };

/** A folder with a server in it whose tools can be changed, and the command in it. */
export interface ImportWorkspace extends Disposable {
  readonly folder: string;
  /** Command and arguments of the server. */
  readonly server: readonly string[];
  offer(tools: readonly Tool[]): void;
  run(args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Finished>;
  /** Imports the server as `changing`. */
  importServer(...options: readonly string[]): Promise<Finished>;
  read(path: string): string;
  write(path: string, text: string): void;
  /** Files of a folder, or none where there is no folder. */
  list(path: string): readonly string[];
}

export function tool(name: string, other: Readonly<Record<string, unknown>> = {}): Tool {
  return {
    name,
    description: `Does ${name}`,
    inputSchema: { type: 'object', properties: { a: { type: 'string' } } },
    ...other,
  };
}

export function importWorkspace(tools: readonly Tool[]): ImportWorkspace {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'capstan-import-')));
  const server = [process.execPath, script, 'tools.json'];
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const offer = (offered: readonly Tool[]): void => write('tools.json', JSON.stringify(offered));
  const run = (args: readonly string[], environment = {}): Promise<Finished> => capstan(args, { folder, environment });
  offer(tools);
  return {
    folder,
    server,
    offer,
    run,
    importServer: (...options) => run(['import', 'mcp', '--name', 'changing', ...options, '--', ...server]),
    read: (path) => readFileSync(join(folder, path), 'utf8'),
    write,
    list: (path) => {
      try {
        return readdirSync(join(folder, path)).toSorted();
      } catch {
        return [];
      }
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
