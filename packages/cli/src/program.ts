import { Command, CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { addAccountCommands } from './account-commands.ts';
import type { ListOptions } from './commands/list.ts';
import type { MetricsOptions } from './commands/metrics.ts';
import type { SchemaOptions } from './commands/schema.ts';
import type { SessionsOptions } from './commands/sessions.ts';
import { type ExitCode, exitCodeOf } from './exit-codes.ts';
import { type GlobalOptions, globalOptions, outputFlags } from './global-options.ts';
import { helpAfter } from './help-text.ts';
import { addImportCommands } from './import-commands.ts';
import { nodeProblem } from './node-version.ts';
import { createOutput, type Output } from './output.ts';
import { addRunCommands } from './run-commands.ts';
import { styleOf } from './style.ts';
import { UsageError } from './usage-error.ts';

/** Runs the command line `args` (without node and script) and resolves with what to end with. Never rejects. */
export async function runProgram(args: readonly string[]): Promise<ExitCode> {
  const flags = outputFlags(args);
  const output = createOutput(flags);
  let exitCode: ExitCode = 0;
  const program = createProgram(output, flags.color, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Help and version, already printed.
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const failure = error instanceof CommanderError ? usageErrorOf(error) : error;
    output.failure(failure);
    return exitCodeOf(failure);
  }
}

/** The tree of commands. `end` is told what to end with. A command's own code is loaded when it runs, so that help comes at once. */
function createProgram(output: Output, color: boolean, end: (exitCode: ExitCode) => void): Command {
  const { version, engines } = ownPackage();
  const program = new Command('capstan')
    .description('Capabilities, declared once in YAML, called from anywhere.')
    .usage('<command> [options]')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .hook('preAction', () => {
      const problem = nodeProblem(process.versions.node, engines.node);
      if (problem !== undefined) throw new UsageError(problem);
    })
    .configureHelp({
      showGlobalOptions: true,
      styleTitle: (title) => styleOf(process.stdout, color).paint('bold', title),
    })
    .configureOutput({ outputError: () => {}, ...(!color && { getOutHasColors: () => false }) })
    .addHelpText('after', helpAfter);
  for (const option of globalOptions()) program.addOption(option);

  program.commandsGroup('Look:');
  program
    .command('list')
    .description('list capabilities')
    .option('--tag <tag>', 'only those with this tag')
    .option('--search <words>', 'only those with all these words in id, name, tags or description, best first')
    .addHelpText(
      'after',
      '\n--provider weather, a bare prefix, lists only that provider; a path or a package is loaded as anywhere else.',
    )
    .action(async (_: unknown, command: Command) => {
      const { list } = await import('./commands/list.ts');
      end(await list(command.optsWithGlobals<ListOptions>(), output));
    });
  program
    .command('show')
    .description('show everything about one capability')
    .argument('<id>', 'the capability')
    .action(async (id: string, _: unknown, command: Command) => {
      const { show } = await import('./commands/show.ts');
      end(await show(id, command.optsWithGlobals<GlobalOptions>(), output));
    });

  addRunCommands(program, output, end);
  addAccountCommands(program, output, end);
  addWatchingCommands(program, output, end);

  program.commandsGroup('Write manifests:');
  addImportCommands(program, output, end);
  program
    .command('validate')
    .description('check manifests and show every problem')
    .argument('[paths...]', 'files and folders; default: as --manifests')
    .action(async (paths: string[], _: unknown, command: Command) => {
      const { validate } = await import('./commands/validate.ts');
      end(await validate(paths, command.optsWithGlobals<GlobalOptions>(), output));
    });
  program
    .command('schema')
    .description('print the JSON Schema of manifests, for editors')
    .option('--output <file>', 'write it to a file')
    .action(async (_: unknown, command: Command) => {
      const { schema } = await import('./commands/schema.ts');
      end(await schema(command.optsWithGlobals<SchemaOptions>(), output));
    });
  program.commandsGroup('Help:').helpCommand('help [command]', 'print the help of a command');
  return program;
}

/** What looks at processes that run, instead of running something. */
function addWatchingCommands(program: Command, output: Output, end: (exitCode: ExitCode) => void): void {
  const pid = ['--pid <id>', 'only this process; <id>-2 is the second runtime that it serves'] as const;
  program.commandsGroup('Watch what runs:');
  const sessions = program
    .command('sessions')
    .description('list the sessions of running processes, or end one')
    .usage('[options] [end <id>]')
    .option(...pid)
    .option('--all', 'also those that ended within the last hour')
    .action(async (_: unknown, command: Command) => {
      const { sessions: list } = await import('./commands/sessions.ts');
      end(await list(command.optsWithGlobals<SessionsOptions>(), output));
    });
  sessions
    .command('end')
    .description('end one session, and say whether the end was confirmed')
    .argument('<id>', 'the session')
    .action(async (id: string, _: unknown, command: Command) => {
      const { endSession } = await import('./commands/end-session.ts');
      end(await endSession(id, command.optsWithGlobals<SessionsOptions>(), output));
    });
  program
    .command('metrics')
    .description("print a running process's metrics as Prometheus text")
    .option(...pid)
    .action(async (_: unknown, command: Command) => {
      const { metrics } = await import('./commands/metrics.ts');
      end(await metrics(command.optsWithGlobals<MetricsOptions>(), output));
    });
}

function usageErrorOf(error: CommanderError): UsageError {
  if (error.code === 'commander.help') return new UsageError('No command was given.', { helpTells: true });
  return new UsageError(error.message.replace(/^error: /, ''), { cause: error, helpTells: true });
}

function ownPackage(): { readonly version: string; readonly engines: { readonly node: string } } {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as ReturnType<typeof ownPackage>;
}
