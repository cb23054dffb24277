import { Command, Option } from 'commander';
import type { AcceptOptions } from './commands/accept.ts';
import type { ImportOptions } from './commands/import.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Output } from './output.ts';

/** The commands that write manifests from what upstreams say, and look at it again. */
export function addImportCommands(program: Command, output: Output, end: (exitCode: ExitCode) => void): void {
  program
    .command('import')
    .description('write manifests from a live upstream or a document, or show what changed there')
    .argument('[provider]', 'prefix of the provider plugin')
    .argument('[what...]', 'a URL, a command with its arguments, or a file')
    .usage('[options] <provider> <what...>')
    .addOption(new Option('--out <path>', 'file or folder to write (default: the folder of manifests)'))
    .addOption(new Option('--dry-run', 'print what would be written'))
    .addOption(new Option('--accept-changes', 'write what changed since the last import'))
    .addOption(new Option('--force', 'write anew, whatever is there'))
    // Its options depend on the plugin, which has to be loaded first.
    .helpOption(false)
    .allowUnknownOption()
    .action(async (provider: string | undefined, _words: string[], _: unknown, command: Command) => {
      const { literal, words } = splitWords(command);
      const options = command.optsWithGlobals<ImportOptions>();
      if (provider === undefined || [provider, ...words].some(asksForHelp)) {
        const { importHelp } = await import('./import-help.ts');
        end(await importHelp(provider?.startsWith('-') === true ? undefined : provider, command, options, output));
        return;
      }
      const { importManifests } = await import('./commands/import.ts');
      end(await importManifests(provider, words, literal, options, output));
    });
  program
    .command('accept')
    .description('show how upstreams changed what was imported, and accept it')
    .argument('[ids...]', 'capabilities')
    .option('--all', 'all that are pinned')
    .option('--yes', 'accept without being asked')
    .action(async (ids: string[], _: unknown, command: Command) => {
      const { accept } = await import('./commands/accept.ts');
      end(await accept(ids, command.optsWithGlobals<AcceptOptions>(), output));
    });
}

function asksForHelp(word: string): boolean {
  return word === '--help' || word === '-h';
}

/** What comes after `--` belongs to the command that is imported, word by word. */
function splitWords(command: Command): { readonly words: readonly string[]; readonly literal: readonly string[] } {
  const { rawArgs } = (command.parent ?? command) as Command & { readonly rawArgs: readonly string[] };
  const at = rawArgs.indexOf('--');
  const literal = at === -1 ? [] : rawArgs.slice(at + 1);
  const all = command.args.slice(1);
  const words = all.slice(0, all.length - literal.length);
  return { words: words.at(-1) === '--' ? words.slice(0, -1) : words, literal };
}
