import { type Command, InvalidArgumentError } from 'commander';
import type { CallCommandOptions } from './commands/call.ts';
import type { CompleteCommandOptions } from './commands/complete.ts';
import type { TaskCommandOptions } from './commands/task.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Output } from './output.ts';

const aboutQuestions = `
An upstream may ask something before it answers. At a terminal you are asked; elsewhere it is declined, unless --answer
brings what to say: the fields of the form as JSON, or accept (to go on after a page), decline or cancel.`;

/** What reaches an upstream. */
export function addRunCommands(program: Command, output: Output, end: (exitCode: ExitCode) => void): void {
  program.commandsGroup('Run:');
  const call = program
    .command('call')
    .description('call a capability and print its answer')
    .argument('<id>', 'the capability')
    .argument('[input...]', 'JSON, or key=value typed by the input schema, or key:=json')
    .option('--input <file>', 'read the input as JSON from a file, - for stdin')
    .option(
      '--timeout <ms>',
      "give up after so many milliseconds in all; never beyond the manifest's own limits",
      milliseconds,
    )
    .option('--no-wait', 'where the upstream goes on with it as a task, print its handle instead of waiting');
  addAnswerOptions(call).action(async (id: string, words: string[], _: unknown, command: Command) => {
    const { call: run } = await import('./commands/call.ts');
    end(await run(id, words, command.optsWithGlobals<CallCommandOptions>(), output));
  });
  const task = program
    .command('task')
    .description('wait for a task that a call began, look at it, or cancel it')
    .argument('<id>', 'the capability')
    .argument('<handle>', 'the handle that `capstan call --no-wait` printed')
    .option('--no-wait', 'print its state instead of waiting for its end')
    .option('--cancel', 'ask the upstream to end it, and print its state then');
  addAnswerOptions(task).action(async (id: string, handle: string, _: unknown, command: Command) => {
    const { task: run } = await import('./commands/task.ts');
    end(await run(id, handle, command.optsWithGlobals<TaskCommandOptions>(), output));
  });
  program
    .command('complete')
    .description('print suggestions for the value of an argument')
    .argument('<id>', 'the capability')
    .argument('<argument>', 'the name of the argument')
    .argument('[value]', 'what is typed of it so far', '')
    .option('--given <name=value>', 'an argument that is decided already; repeatable', repeated)
    .action(async (id: string, name: string, value: string, _: unknown, command: Command) => {
      const { complete } = await import('./commands/complete.ts');
      end(await complete(id, { name, value }, command.optsWithGlobals<CompleteCommandOptions>(), output));
    });
}

function addAnswerOptions(command: Command): Command {
  return command
    .option('--answer <json>', 'answer to what the upstream asks; repeatable, used in order', repeated)
    .option('--root <folder>', 'folder to name where the upstream asks for roots; repeatable', repeated)
    .addHelpText('after', aboutQuestions);
}

function repeated(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

function milliseconds(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('It must be a whole number of milliseconds, at least 1.');
  return number;
}
