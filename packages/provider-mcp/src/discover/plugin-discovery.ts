import type { Discovers, JsonObject, ProviderHost, ProviderPlugin, SecretSource } from '@capstan/provider';
import type { Asks } from './asks.ts';
import { discover } from './discover.ts';
import { discoverOptions } from './discover-options.ts';
import type { OpenServer } from './server-offers.ts';

/** What discovery needs of a session. */
export interface SessionView {
  readonly asks: Asks;
  /** What the server calls itself. */
  readonly name: string | undefined;
  readonly capabilities: JsonObject;
  readonly era: 'legacy' | 'modern';
  /** What was sent to get at it. */
  readonly secretValues: ReadonlySet<string>;
}

/** How discovery gets at servers: by sessions of a plugin of its own, which sees variables that a configuration spelled out. */
export interface PluginDiscoveryOptions<S> {
  readonly host: ProviderHost;
  readonly createPlugin: (
    host: ProviderHost,
  ) => Pick<ProviderPlugin<S>, 'initializeSession' | 'terminateSession' | 'close'>;
  readonly view: (session: S) => SessionView;
}

/** The members of a plugin that import servers. */
export function pluginDiscovery<S>({ host, createPlugin, view }: PluginDiscoveryOptions<S>): Required<Discovers> {
  const open = async (request: Parameters<Parameters<typeof discover>[2]['open']>[0]): Promise<OpenServer> => {
    const { capability, caller, values, signal } = request;
    const secretValues = new Set<string>();
    const plugin = createPlugin({ ...host, secrets: withValues(host.secrets, values, secretValues) });
    const opening = { capability, caller, mode: 'auto', signal, onLost: ignore, onStale: ignore } as const;
    const session = await plugin.initializeSession(opening).catch(async (error: unknown) => {
      await plugin.close?.();
      throw error;
    });
    const seen = view(session);
    return {
      ...seen,
      secretValues: () => new Set([...secretValues, ...seen.secretValues]),
      close: async () => {
        try {
          await plugin.terminateSession(session, 'explicit');
        } finally {
          await plugin.close?.();
        }
      },
    };
  };
  return {
    discoverOptions,
    discover: (target, signal) => discover(target, signal, { logger: host.logger, open }),
  };
}

function ignore(): void {
  // The run ends by itself.
}

/** `read` gets what was read. */
function withValues(secrets: SecretSource, values: ReadonlyMap<string, string>, read: Set<string>): SecretSource {
  return {
    read: async (variable, context) => {
      const value = values.get(variable) ?? (await secrets.read(variable, context));
      if (value !== undefined) read.add(value).add(value.trim());
      return value;
    },
  };
}
