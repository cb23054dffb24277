import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CapstanError, type JsonObject, type LogLevel } from '@capstan/provider';
import { graphqlProvider } from '@capstan/provider-graphql';
import { createRuntime, type Runtime } from '@capstan/runtime';
import { startYogaServer, type YogaServer, type YogaServerOptions } from './servers/yoga-server.ts';

export interface ShopOptions extends YogaServerOptions {
  /** Beside the manifest, by name. */
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Of all capabilities. */
  readonly metadata?: JsonObject;
  /** Where the endpoint is. Default: at the server. */
  readonly url?: string;
}

export interface Declaration {
  readonly effect?: string;
  readonly input?: JsonObject;
  readonly output?: JsonObject;
  /** Without their prefix. */
  readonly [key: string]: unknown;
}

/** A GraphQL server, and the real runtime with the plugin over a manifest in a folder. */
export interface Shop extends AsyncDisposable {
  readonly folder: string;
  readonly server: YogaServer;
  readonly runtime: Runtime;
  readonly logged: readonly { readonly level: LogLevel; readonly message: string; readonly details: JsonObject }[];
  /** The error that a call rejects with. */
  failure(id: string, input?: JsonObject): Promise<CapstanError>;
}

const own = new Set(['effect', 'input', 'output']);

/** `declarations`: by the last word of their id; keys other than effect, input and output are metadata, `graphql_` put before them. */
export async function openShop(
  declarations: Readonly<Record<string, Declaration>>,
  { files = {}, environment = {}, metadata = {}, url, ...options }: ShopOptions = {},
): Promise<Shop> {
  const server = await startYogaServer(options);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'capstan-graphql-')));
  const capabilities = Object.entries(declarations).map(([name, declaration]) => {
    const entries = Object.entries(declaration);
    return {
      id: `graphql.shop.${name}`,
      effect: 'read',
      ...Object.fromEntries(entries.filter(([key]) => own.has(key))),
      metadata: Object.fromEntries(
        entries.filter(([key]) => !own.has(key)).map(([key, value]) => [`graphql_${key}`, value]),
      ),
    };
  });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  // JSON is YAML.
  const manifest = { metadata: { graphql_endpoint: url ?? server.url, ...metadata }, capabilities };
  writeFileSync(join(folder, 'shop.yaml'), JSON.stringify(manifest, null, 2));
  const logged: Shop['logged'][number][] = [];
  const close = async (): Promise<void> => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const runtime = await createRuntime({
    manifests: join(folder, 'shop.yaml'),
    providers: [graphqlProvider()],
    environment,
    logger: { log: (level, message, details = {}) => void logged.push({ level, message, details }) },
  }).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    folder,
    server,
    runtime,
    logged,
    failure: async (id, input = {}) => {
      const rejected: unknown = await runtime.call(id, input).then(
        (result) => new Error(`It did not fail: ${JSON.stringify(result)}`),
        (error: unknown) => error,
      );
      if (!CapstanError.isInstance(rejected)) throw rejected;
      return rejected;
    },
    [Symbol.asyncDispose]: async () => {
      await runtime.close({ deadlineMs: 1000 });
      await close();
    },
  };
}
