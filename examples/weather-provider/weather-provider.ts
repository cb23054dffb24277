import {
  type Capability,
  CapstanError,
  type Invocation,
  type JsonObject,
  type ProviderPlugin,
  type ProviderResult,
} from '@capstan/provider';

/** One check-in at a station: where it is, and the pass that it gave out. */
interface StationSession {
  readonly url: string;
  readonly pass: string;
}

/** A refusal by the station; its status says what the refusal means. */
class StationRefusal extends CapstanError {
  readonly status: number;

  constructor(url: string, status: number) {
    super('UPSTREAM_ERROR', `The weather station answered ${url} with ${status}.`);
    this.status = status;
  }
}

async function ask(url: string, init: RequestInit): Promise<JsonObject> {
  const response = await fetch(url, { method: 'POST', ...init });
  if (!response.ok) throw new StationRefusal(url, response.status);
  return (await response.json()) as JsonObject;
}

const stationUrl = ({ metadata }: Capability): string => String(metadata['weather_station_url']);

/** Owns `weather_*`: a protocol with a check-in, readings under the pass that it gave, and a check-out. */
export const weatherProvider: ProviderPlugin<StationSession> = {
  prefix: 'weather',
  metadataSchema: {
    type: 'object',
    properties: {
      weather_station_url: { type: 'string', description: 'Where the station listens.' },
      weather_requires_session: {
        enum: ['auto', 'true', 'false', true, false],
        default: 'auto',
        description: 'Stations want a check-in before they answer.',
      },
      weather_reading: { enum: ['temperature', 'wind'], description: 'What to read off.' },
    },
    required: ['weather_station_url', 'weather_reading'],
    additionalProperties: false,
  },

  sessionKey: (capability) => ({ upstream: [stationUrl(capability)], identity: { kind: 'none' } }),

  async initializeSession({ capability, signal }) {
    const url = stationUrl(capability);
    const { pass } = (await ask(`${url}/check-in`, { signal })) as { readonly pass: string };
    return { url, pass };
  },

  executeWithSession: ({ url, pass }, invocation) => read(url, { 'x-station-pass': pass }, invocation),

  async terminateSession({ url, pass }) {
    const { ok, status } = await fetch(`${url}/check-out`, { method: 'POST', headers: { 'x-station-pass': pass } });
    // A pass that the station does not know is one that has ended.
    if (!ok && status !== 403) throw new StationRefusal(url, status);
  },

  execute: (invocation) => read(stationUrl(invocation.capability), {}, invocation),

  classifyError(error) {
    if (error instanceof StationRefusal) {
      if (error.status === 403) return { kind: 'session-lost', sent: false };
      return { kind: error.status >= 500 ? 'transient' : 'caller', sent: true };
    }
    const cause = error instanceof Error ? (error.cause as { readonly code?: string } | undefined) : undefined;
    // Only where no connection was made is it certain that nothing was sent.
    return { kind: 'transient', sent: cause?.code !== 'ECONNREFUSED' };
  },
};

async function read(url: string, headers: Record<string, string>, invocation: Invocation): Promise<ProviderResult> {
  const { capability, input, signal } = invocation;
  const body = JSON.stringify({ reading: capability.metadata['weather_reading'], ...(input as JsonObject) });
  return { output: await ask(`${url}/read`, { headers, body, signal }), isError: false };
}
