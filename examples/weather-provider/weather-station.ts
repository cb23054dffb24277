import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface WeatherStation extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** How often each door was used. */
  readonly counts: { checkIn: number; read: number; checkOut: number };
  /** How many are checked in now. */
  readonly checkedIn: number;
  /** Forgets who checked in, as a restart would. */
  restart(): void;
}

/** The upstream of the example: wants a check-in, gives out a pass, answers readings, takes a check-out. Port 0: any that is free. */
export async function startWeatherStation(listenPort = 0): Promise<WeatherStation> {
  const passes = new Set<string>();
  const counts = { checkIn: 0, read: 0, checkOut: 0 };
  const server = createServer((request, response) => void answer(request, response));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pass = String(request.headers['x-station-pass']);
    const reply = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    let text = '';
    for await (const chunk of request) text += String(chunk);
    if (request.url === '/check-in') {
      counts.checkIn++;
      const issued = randomUUID();
      passes.add(issued);
      return reply(200, { pass: issued });
    }
    if (!passes.has(pass)) return reply(403, {});
    if (request.url === '/check-out') {
      counts.checkOut++;
      passes.delete(pass);
      return reply(200, {});
    }
    counts.read++;
    const { reading, city } = JSON.parse(text) as { reading: string; city: string };
    return reply(200, { city, reading, value: reading === 'wind' ? '12 km/h' : '18 °C' });
  }

  await new Promise<void>((resolve) => server.listen(listenPort, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    counts,
    get checkedIn() {
      return passes.size;
    },
    restart: () => passes.clear(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
