import { mcpProvider } from '@capstan/provider-mcp';
import { createRuntime } from '@capstan/runtime';

await using runtime = await createRuntime({ manifests: 'capabilities', providers: [mcpProvider()] });
const { output, call } = await runtime.call('greeting.echo', { message: 'hello' });
console.log(output, call);
