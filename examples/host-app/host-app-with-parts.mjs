import { mcpProvider } from '@capstan/provider-mcp';
import { createRuntime, InputValidator } from '@capstan/runtime';

const vault = new Map([['GREETING_API_KEY', 'a value from the vault']]);

await using runtime = await createRuntime({
  manifests: 'capabilities',
  providers: [mcpProvider()],
  // Where secrets come from: a vault of the host's own instead of the environment.
  secrets: { read: async (variable) => vault.get(variable) },
  // Around every call: an audit line.
  interceptors: [
    async (invocation, next) => {
      const result = await next(invocation);
      console.log(
        `audit: ${invocation.caller.subject} called ${invocation.capability.id}, session ${result.call.session}`,
      );
      return result;
    },
  ],
  // Any part of the runtime, replaced by its token: the check of inputs.
  configure: (container) =>
    container.register(InputValidator, { useValue: { check: ({ id }) => console.log(`checked by the host: ${id}`) } }),
});

for (let round = 0; round < 2; round++) {
  const { output } = await runtime.call('greeting.environment', {}, { caller: { subject: 'ada' } });
  console.log(JSON.parse(output).API_KEY);
}
