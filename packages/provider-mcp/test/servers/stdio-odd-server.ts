// A program on standard streams that answers each request in the way that its method names. No SDK: it says what no SDK would.
import { spawn } from 'node:child_process';
import { closeSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

interface Request {
  readonly id: number;
  readonly method: string;
  readonly params?: { readonly count?: number; readonly text?: string };
}

const line = (message: object): string => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`;
const answer = (id: number, result: object): void => void process.stdout.write(line({ id, result }));

/** A process that hears neither SIGTERM nor the end of its input, and holds our standard output open. */
function startGrandchild(onReady: (pid: number | undefined) => void): void {
  const code = "process.on('SIGTERM', () => {}); setInterval(() => {}, 60_000); process.send('ready')";
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.once('message', () => {
    child.disconnect();
    child.unref();
    onReady(child.pid);
  });
}

const actions: Readonly<Record<string, (request: Request) => void>> = {
  echo: ({ id, params }) => answer(id, { text: params?.text ?? '' }),
  inspect: ({ id }) => answer(id, { pid: process.pid, ppid: process.ppid, args: process.argv.slice(2) }),
  grandchild: ({ id }) => startGrandchild((pid) => answer(id, { pid })),
  exit: () => process.exit(0),
  chatter: ({ id, params }) => {
    process.stderr.write('x'.repeat(params?.count ?? 0), () => answer(id, {}));
  },
  'say-and-exit': ({ params }) => {
    const messages = Array.from({ length: params?.count ?? 0 }, (_, id) => line({ id, result: {} }));
    process.stdout.write(messages.join(''), () => process.exit(0));
  },
  banner: ({ id }) => {
    process.stdout.write('Welcome to the server!\n\n[1, 2]\r\n{"hello": "world"}\n{"jsonrpc": "2.0"}\n');
    answer(id, { text: 'after the banner' });
  },
  endless: () => {
    const more = (error?: Error | null): void => {
      if (error) process.exit(1);
      process.stdout.write('x'.repeat(65_536), more);
    };
    more();
  },
  'close-input': ({ id }) => {
    process.stdin.destroy();
    closeSync(0);
    setInterval(() => undefined, 60_000);
    answer(id, {});
  },
  'close-output': () => {
    setInterval(() => undefined, 60_000);
    closeSync(1);
  },
  stubborn: ({ id }) => {
    process.on('SIGTERM', () => writeSync(2, 'heard SIGTERM\n'));
    setInterval(() => undefined, 60_000);
    answer(id, {});
  },
  pause: ({ id }) => {
    lines.pause();
    // Without anything to wait for it would exit.
    const idle = setInterval(() => undefined, 60_000);
    // SIGUSR2 says when to read on.
    process.once('SIGUSR2', () => {
      clearInterval(idle);
      lines.resume();
    });
    answer(id, {});
  },
};

const lines = createInterface(process.stdin).on('line', (text) => {
  const request = JSON.parse(text) as Request;
  actions[request.method]?.(request);
});
