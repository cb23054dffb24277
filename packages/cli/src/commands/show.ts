import type { Capability } from '@capstan/provider';
import { formatProblem, requiresSession, type SessionRequirement } from '@capstan/runtime';
import { relative } from 'node:path';
import type { ExitCode } from '../exit-codes.ts';
import { findCapability } from '../find-capability.ts';
import type { GlobalOptions } from '../global-options.ts';
import { withRuntime } from '../load-runtime.ts';
import type { Output } from '../output.ts';
import { inputUsage } from '../schema-types.ts';
import type { Style } from '../style.ts';

/** A metadata key that names an environment variable, and whether that is set. Never its value. */
interface VariableState {
  readonly key: string;
  readonly variable: string;
  readonly set: boolean;
}

export async function show(id: string, options: GlobalOptions, output: Output): Promise<ExitCode> {
  return await withRuntime(options, output, async (loaded) => {
    const capability = await findCapability(id, loaded);
    const session = requiresSession(capability.metadata);
    const environment = variableStates(capability);
    output.problems(loaded.problems.map(formatProblem));
    output.answer({
      document: { ...capability, session, environment },
      text: (style) => page(capability, session, environment, style),
    });
    return 0;
  });
}

function variableStates({ metadata }: Capability): readonly VariableState[] {
  return Object.entries(metadata)
    .filter(([key]) => key.endsWith('_env_var'))
    .flatMap(([key, value]) =>
      String(value)
        .split('\n')
        .map((variable) => ({ key, variable, set: Boolean(process.env[variable]) })),
    );
}

function page(
  capability: Capability,
  session: SessionRequirement,
  environment: readonly VariableState[],
  style: Style,
): string {
  const { id, name, description, kind, version, tags, effect, publish, provider, metadata, source, input, output } =
    capability;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['name', name],
    ['provider', provider],
    ['effect', effect],
    ['kind', kind],
    ['version', version],
    ['tags', tags?.join(', ')],
    ['published', publish ? 'yes' : 'no'],
    ['session', sessionText(session)],
    ['source', `${fromHere(source.file)}:${source.line}`],
  ];
  const title = (text: string): string => style.paint('bold', text);
  const values = Object.entries(metadata).map(([key, value]) => {
    const states = environment.filter((state) => state.key === key);
    const words = states.map(
      ({ variable, set }) => `${variable} ${style.paint(set ? 'green' : 'yellow', set ? '(set)' : '(not set)')}`,
    );
    return [key, words.length > 0 ? words.join('\n') : String(value)] as const;
  });
  const usage = input === undefined ? '' : inputUsage(input);
  return [
    title(id),
    ...(description === undefined ? [] : [indented(description.trimEnd(), 2)]),
    '',
    aligned(facts.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]))),
    '',
    title('Metadata'),
    aligned(values),
    '',
    title('Input schema'),
    input === undefined ? '  none: any input is passed on' : indented(JSON.stringify(input, null, 2), 2),
    ...(output === undefined ? [] : ['', title('Output schema'), indented(JSON.stringify(output, null, 2), 2)]),
    '',
    title('Call'),
    `  capstan call ${id}${usage === '' ? '' : ` ${usage}`}`,
  ].join('\n');
}

/** Relative where it lies inside the working directory. */
function fromHere(file: string): string {
  const path = relative(process.cwd(), file);
  return path.startsWith('..') ? file : path;
}

function sessionText(session: SessionRequirement): string {
  if (session.mode === 'never') return 'not required';
  const origin = `(${session.key}: ${String(session.value)})`;
  return session.mode === 'required' ? `required ${origin}` : `where the upstream needs one ${origin}`;
}

function aligned(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...entries.map(([key]) => key.length)) + 4;
  return entries.map(([key, value]) => `  ${key}`.padEnd(width) + indented(value, width).trimStart()).join('\n');
}

function indented(text: string, by: number): string {
  return text.replaceAll(/^(?=.)/gm, ' '.repeat(by));
}
