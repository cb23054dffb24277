import type { Command } from 'commander';
import { discoverFlags } from './discover-flags.ts';
import { discoveringPlugins, findDiscoveringPlugin } from './discovering-plugins.ts';
import type { ExitCode } from './exit-codes.ts';
import type { GlobalOptions } from './global-options.ts';
import { withRuntime } from './load-runtime.ts';
import type { Output } from './output.ts';

/** The help of `import`, with the options of the plugin where one is named. */
export async function importHelp(
  prefix: string | undefined,
  command: Command,
  options: GlobalOptions,
  output: Output,
): Promise<ExitCode> {
  return await withRuntime(options, output, async ({ runtime }) => {
    const prefixes = discoveringPlugins(runtime).map((plugin) => plugin.prefix);
    if (prefix === undefined) command.addHelpText('after', `\nProviders that can import: ${prefixes.join(', ')}.`);
    else {
      const { discoverOptions } = findDiscoveringPlugin(prefix, runtime);
      for (const option of discoverFlags(discoverOptions)) {
        option.helpGroup(`Of ${prefix}:`);
        command.addOption(option);
      }
      command.usage(`[options] ${prefix} <what...>`);
    }
    command.addHelpText('after', examples(prefix ?? prefixes[0] ?? 'weather'));
    command.addHelpText(
      'after',
      '\nOptions of a command that is imported come after it. Where they have names of options here, put -- before the command.',
    );
    output.answer({ document: { help: command.helpInformation() }, text: () => helpText(command) });
    return prefix === undefined && command.args.length === 0 ? 2 : 0;
  });
}

function examples(prefix: string): string {
  return `
Examples:
  capstan import ${prefix} https://example.com/endpoint         what a server offers, into capabilities/example.yaml
  capstan import ${prefix} node server.js                       a program that is started
  capstan import ${prefix} --dry-run https://example.com/path   print the manifest, write nothing`;
}

/** With what comes after it, which `helpInformation` leaves out. */
function helpText(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text;
}
