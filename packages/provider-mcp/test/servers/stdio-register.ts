import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** Counts the processes of `registered-server.ts` and their calls; each call waits for its leave to be answered. */
export class StdioRegister {
  opened = 0;
  calls = 0;
  readonly #processes = new Set<Socket>();
  readonly #held: Socket[] = [];
  #holding = false;
  readonly #server = createServer((socket) => this.#register(socket));

  static async start(): Promise<StdioRegister> {
    const register = new StdioRegister();
    await new Promise<void>((resolve) => register.#server.listen(0, '127.0.0.1', resolve));
    return register;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get ended(): number {
    return this.opened - this.#processes.size;
  }

  hold(): () => void {
    this.#holding = true;
    return () => {
      this.#holding = false;
      for (const socket of this.#held.splice(0)) socket.write('answer\n');
    };
  }

  /** Makes every process exit, and resolves when all have. */
  async end(): Promise<void> {
    await Promise.all(
      [...this.#processes].map(async (socket) => {
        const closed = new Promise((resolve) => socket.once('close', resolve));
        socket.write('exit\n');
        await closed;
      }),
    );
  }

  /** Ends all processes, and any that starts after. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    await this.end();
    await closed;
  }

  #register(socket: Socket): void {
    this.opened++;
    this.#processes.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#processes.delete(socket));
    // A killed process resets its connection, and `readline` hands the error on.
    createInterface(socket)
      .on('error', () => socket.destroy())
      .on('line', () => {
        this.calls++;
        if (this.#holding) this.#held.push(socket);
        else socket.write('answer\n');
      });
  }
}
