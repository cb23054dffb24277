import type { Provider } from '@capstan/provider';
import { createRuntime, type Runtime, serveControl } from '@capstan/runtime';
import { createInterface } from 'node:readline';

// A host app that serves control sockets; its argument is the module of the toy's provider plugin. On stdin: `serve` opens one more runtime, `call <id> [subject]` calls on the last, `close` closes
// all; each answered by one line. Ends by itself when stdin ends.
const { toyProvider } = (await import(String(process.argv[2]))) as { readonly toyProvider: Provider };
const runtimes: Runtime[] = [];
const runs: Readonly<Record<string, (...words: string[]) => Promise<string>>> = {
  serve: async () => {
    const runtime = await createRuntime({ manifests: 'capabilities', providers: [toyProvider] });
    runtimes.push(runtime);
    return (await serveControl(runtime)).address;
  },
  call: async (id = '', subject) => {
    const caller = subject === undefined ? {} : { caller: { subject } };
    return JSON.stringify((await runtimes.at(-1)?.call(id, {}, caller))?.output);
  },
  close: async () => {
    await Promise.all(runtimes.map((runtime) => runtime.close()));
    return 'closed';
  },
};
for await (const line of createInterface({ input: process.stdin })) {
  const [name = '', ...words] = line.split(' ');
  const said = await runs[name]?.(...words).catch((error: unknown) => String(error));
  process.stdout.write(`${said}\n`);
}
