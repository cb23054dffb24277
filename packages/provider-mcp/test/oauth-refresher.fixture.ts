import { capabilityOf, createHarness, invocationOf } from './harness.ts';
import { createFileTokenStore } from '@capstan/provider-mcp/oauth';

/** A process of its own that calls once with the sign-in it finds in the folder: `<folder> <server url>`. */
const [folder = '', url = ''] = process.argv.slice(2);
const { plugin } = createHarness({ provider: { tokens: createFileTokenStore({ folder, keychain: undefined }) } });
const capability = capabilityOf({ mcp_server_url: url, mcp_auth: 'oauth2_code' }, { id: 'mcp.guarded.echo' });
process.stdout.write('ready\n');
process.stdin.once('data', () => {
  void plugin
    .execute(invocationOf(capability, { text: 'from a process' }))
    .then(
      ({ output }) => JSON.stringify(output),
      (error: unknown) => `failed: ${String(error)}`,
    )
    .then(async (line) => {
      process.stdout.write(`${line}\n`);
      await plugin.close?.();
      process.stdin.destroy();
    });
});
