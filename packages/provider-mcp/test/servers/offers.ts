/** What the test servers of both eras offer. */
export const tools = [
  tool('echo', { text: { type: 'string' } }),
  tool('slow', { steps: { type: 'integer' }, stepMs: { type: 'integer' } }),
  tool('fail', {}),
  tool('get_me', {}),
  tool('list_issues', { state: { type: 'string' } }),
  // Wrong on purpose: neither can its schema be compiled, nor does its answer follow one.
  { ...tool('odd_output', {}), outputSchema: { type: 'object', properties: { n: { $ref: '#/$defs/missing' } } } },
  { ...tool('routed', {}), inputSchema: routedSchema() },
] as const;

export const prompts = [{ name: 'greet', arguments: [{ name: 'who', required: true }] }];
export const resources = [{ uri: 'test://note', name: 'note', mimeType: 'text/plain' }];

export interface ToolAnswer {
  content: { type: 'text'; text: string }[];
  structuredContent?: Record<string, unknown>;
  isError?: boolean;
}

export interface ToolCall {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  readonly progress: (progress: number, total: number) => Promise<void>;
  readonly log: (text: string) => Promise<void>;
}

export async function runTool({ name, args, signal, progress, log }: ToolCall): Promise<ToolAnswer> {
  switch (name) {
    case 'echo':
      await log(`echo ${String(args['text'])}`);
      return text(typeof args['text'] === 'string' ? args['text'] : JSON.stringify(args));
    case 'slow': {
      const steps = Number(args['steps'] ?? 3);
      for (let step = 1; step <= steps && !signal.aborted; step += 1) {
        await progress(step, steps);
        await stepOver(Number(args['stepMs'] ?? 5));
      }
      return text(`${steps} steps`);
    }
    case 'fail':
      return { ...text('it did not work'), isError: true };
    case 'get_me':
      return { ...text('{"login":"octocat"}'), structuredContent: { login: 'octocat' } };
    case 'list_issues':
      return {
        content: [
          { type: 'text', text: 'first' },
          { type: 'text', text: 'second' },
        ],
      };
    case 'odd_output':
      return text('no structure');
    case 'routed':
      return text(`to ${String(args['region'])}`);
    default:
      throw new Error(`no tool ${name}`);
  }
}

export function getPrompt(args: Readonly<Record<string, string>> | undefined) {
  return {
    messages: [{ role: 'user' as const, content: { type: 'text' as const, text: `Hello ${args?.['who'] ?? ''}` } }],
  };
}

export function readResource(uri: string) {
  return { contents: [{ uri, mimeType: 'text/plain', text: 'a note' }] };
}

function text(value: string): ToolAnswer {
  return { content: [{ type: 'text', text: value }] };
}

function tool(name: string, properties: Record<string, { type: string }>) {
  return { name, description: name, inputSchema: { type: 'object' as const, properties } };
}

function routedSchema() {
  return {
    type: 'object' as const,
    properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
    required: ['region'],
  };
}

/** A tool's own work, which takes that long. */
function stepOver(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  return promise;
}
