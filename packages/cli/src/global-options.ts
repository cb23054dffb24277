import { Option } from 'commander';

/** What every command understands, as commander hands it over. */
export interface GlobalOptions {
  readonly manifests?: readonly string[];
  /** Modules; for `list` also prefixes to filter by. */
  readonly provider?: readonly string[];
  readonly config?: string;
  /** Serve the control socket as long as the command runs. */
  readonly control?: boolean;
}

/** In the groups in which the help shows them. */
export function globalOptions(): readonly Option[] {
  const repeatable = (value: string, previous: readonly string[] = []): readonly string[] => [...previous, value];
  const where = [
    new Option('--manifests <path>', 'file or folder of manifests; repeatable (default: capabilities)').argParser(
      repeatable,
    ),
    new Option('--provider <module>', 'path or package of a provider plugin; repeatable').argParser(repeatable),
    new Option('--config <file>', 'configuration (default: capstan.config.ts, .js or .mjs here)'),
  ];
  const control = new Option('--control', 'let `capstan sessions` and `capstan metrics` look at this command');
  const how = [
    new Option('--json', 'print exactly one JSON document on stdout, for errors too'),
    new Option('--verbose', 'print what happens, and stacks of errors, on stderr'),
    new Option('--no-color', 'print no colours; so does the variable NO_COLOR'),
  ];
  for (const option of where) option.helpGroup('What is loaded:');
  control.helpGroup('While it runs:');
  for (const option of how) option.helpGroup('How it is printed:');
  return [...where, control, ...how];
}

/** How to speak. Known before the rest of the command line is understood, so that mistakes in it can be told the right way. */
export interface OutputFlags {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
}

export function outputFlags(args: readonly string[]): OutputFlags {
  const end = args.indexOf('--');
  const flags = new Set(end === -1 ? args : args.slice(0, end));
  return { json: flags.has('--json'), verbose: flags.has('--verbose'), color: !flags.has('--no-color') };
}
