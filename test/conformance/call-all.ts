import type { JsonObject, Provider } from '@capstan/provider';
import { type CapabilityDeclaration, type CapabilityFile, createRuntime, type Runtime } from '@capstan/runtime';
import { sampleInput } from './sample-input.ts';
import type { Scenario } from './scenario.ts';

interface Call {
  readonly id: string;
  readonly input: JsonObject;
}

/** Makes the calls that the scenario wants, all at once. Returns what failed. */
export async function callAll(
  scenario: Scenario,
  provider: Provider,
  manifest: CapabilityFile,
): Promise<readonly string[]> {
  await using runtime = await createRuntime({
    manifests: [manifest],
    providers: [provider],
    environment: scenario.environment,
    // Below the limit of the whole client, so that it can still say which call it was.
    calls: { timeoutMs: 25_000, maxTotalMs: 25_000 },
  });
  const calls = callsOf(scenario, manifest.capabilities);
  const outcomes = await Promise.allSettled(calls.map((each) => call(runtime, each)));
  return outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));
}

async function call(runtime: Runtime, { id, input }: Call): Promise<void> {
  const { isError, output } = await runtime.call(id, input, {
    // The person agrees and types nothing: what the form suggests is what counts.
    onInputRequired: () => Promise.resolve({ action: 'accept', content: {} }),
  });
  if (isError) throw new Error(`${id} answered with an error: ${JSON.stringify(output)}`);
}

/** Those that the scenario prescribes; else each capability once. */
function callsOf(
  { context: { toolCalls } }: Scenario,
  capabilities: readonly CapabilityDeclaration[],
): readonly Call[] {
  if (toolCalls !== undefined)
    return toolCalls.map((prescribed) => ({
      id: idOf(capabilities, prescribed.name),
      input: withoutNulls(prescribed.arguments),
    }));
  return echoCall(capabilities) ?? capabilities.map(({ id, input }) => ({ id, input: sampleInput(input) }));
}

/** What has no value is left out: `null` does not fit the schemas of the suite's own tools. */
function withoutNulls(input: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null));
}

/** A tool that takes a schema gets that of its neighbour, so that the suite sees what became of it on the way. */
function echoCall(capabilities: readonly CapabilityDeclaration[]): readonly Call[] | undefined {
  const echo = capabilities.find(({ input }) => 'schema' in sampleInput(input));
  const schema = capabilities.find((other) => other !== echo)?.input;
  return echo === undefined || schema === undefined ? undefined : [{ id: echo.id, input: { schema } }];
}

function idOf(capabilities: readonly CapabilityDeclaration[], tool: string): string {
  const found = capabilities.find(({ metadata }) => metadata?.['mcp_tool_name'] === tool);
  if (found === undefined) throw new Error(`The server lists no tool ${tool}.`);
  return found.id;
}
