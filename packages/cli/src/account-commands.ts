import type { Command } from 'commander';
import type { LoginOptions } from './commands/login.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Output } from './output.ts';
import type { SignInCommandOptions } from './sign-in/with-sign-ins.ts';

/** What is about a person's sign-in at a server. */
export function addAccountCommands(program: Command, output: Output, end: (exitCode: ExitCode) => void): void {
  const target = ['<target>', 'a capability, the URL of a server, or the name of a manifest'] as const;
  const caller = ['--caller <subject>', 'sign-in of this caller of a host app, instead of your own'] as const;
  program.commandsGroup('Sign in:');
  program
    .command('login')
    .description('sign in at a server that asks for it (mcp_auth: oauth2_code)')
    .argument(...target)
    .option('--open', 'open a browser; at a terminal the default')
    .option('--no-open', 'only print the page to open')
    .option('--scope <scopes>', 'ask for these rights too; repeatable', words)
    .option('--redirect-url <url>', 'wait for the browser exactly there, for a client that was registered by hand')
    .option(...caller)
    .action(async (word: string, _: unknown, command: Command) => {
      const { login } = await import('./commands/login.ts');
      end(await login(word, command.optsWithGlobals<LoginOptions>(), output));
    });
  program
    .command('logout')
    .description('forget a sign-in, and tell the server')
    .argument(...target)
    .option(...caller)
    .action(async (word: string, _: unknown, command: Command) => {
      const { logout } = await import('./commands/logout.ts');
      end(await logout(word, command.optsWithGlobals<SignInCommandOptions>(), output));
    });
}

function words(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...value.split(/[\s,]+/).filter((word) => word !== '')];
}
