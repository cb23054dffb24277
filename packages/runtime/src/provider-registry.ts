import {
  CapstanError,
  type Completes,
  type Discovers,
  type Metadata,
  type ProviderPlugin,
  type RunsTasks,
} from '@capstan/provider';
import { injectAll, Lifecycle, scoped } from './container.ts';
import { PROVIDER_PLUGIN } from './tokens.ts';

const prefixPattern = /^[a-z][a-z0-9]*$/;

/** What no plugin can do without, and its type: a plugin in plain JavaScript has no compiler to tell what it forgot. */
const requiredMembers = {
  prefix: 'string',
  metadataSchema: 'object',
  sessionKey: 'function',
  initializeSession: 'function',
  executeWithSession: 'function',
  terminateSession: 'function',
  execute: 'function',
  classifyError: 'function',
} as const satisfies Partial<Record<keyof ProviderPlugin, string>>;

/** What a plugin may have beside it, and its type: abilities are found by their members. Those of one line come together or not at all. */
const abilities = [
  { complete: 'function' },
  { getTask: 'function', updateTask: 'function', cancelTask: 'function' },
  { discover: 'function' },
  { discoverOptions: 'object' },
  { describeSession: 'function' },
  { validateSession: 'function' },
  { refreshSession: 'function' },
  { close: 'function' },
] as const satisfies readonly Partial<
  Record<keyof ProviderPlugin | keyof Completes | keyof Discovers | keyof RunsTasks, string>
>[];

/** The plugins of one runtime, by the prefix that each owns. */
@scoped(Lifecycle.ContainerScoped)
export class ProviderRegistry {
  readonly #plugins = new Map<string, ProviderPlugin>();

  /** Throws `PROVIDER_AMBIGUOUS` where two plugins claim one prefix, `PROVIDER_UNDETECTED` where one is incomplete or wrongly made. */
  constructor(@injectAll(PROVIDER_PLUGIN, { isOptional: true }) plugins: readonly ProviderPlugin[]) {
    for (const plugin of plugins) this.#add(plugin);
  }

  get plugins(): readonly ProviderPlugin[] {
    return [...this.#plugins.values()];
  }

  /** Sorted. */
  get prefixes(): readonly string[] {
    return [...this.#plugins.keys()].toSorted();
  }

  get(prefix: string): ProviderPlugin | undefined {
    return this.#plugins.get(prefix);
  }

  /**
   * The prefix of the plugin that runs a capability: `declared` where the manifest says it outright, else the only plugin that owns
   * a metadata key. Throws `PROVIDER_UNDETECTED` or `PROVIDER_AMBIGUOUS`.
   */
  detect(metadata: Metadata, declared?: string): string {
    if (declared !== undefined) {
      if (this.#plugins.has(declared)) return declared;
      throw new CapstanError(
        'PROVIDER_UNDETECTED',
        `No provider plugin owns the prefix "${declared}". ${this.#known()}`,
        {
          details: { declared, prefixes: this.prefixes },
        },
      );
    }
    const owners = this.prefixes.filter((prefix) => Object.keys(metadata).some((key) => key.startsWith(`${prefix}_`)));
    const [owner, ...others] = owners;
    if (owner === undefined) {
      throw new CapstanError(
        'PROVIDER_UNDETECTED',
        `No provider plugin owns any of the metadata keys. ${this.#known()}`,
        {
          details: { keys: Object.keys(metadata), prefixes: this.prefixes },
        },
      );
    }
    if (others.length > 0) {
      throw new CapstanError(
        'PROVIDER_AMBIGUOUS',
        `The metadata has keys of ${owners.join(' and ')}. Say which provider runs the capability with "provider: ${owner}". ${this.#known()}`,
        { details: { owners, prefixes: this.prefixes } },
      );
    }
    return owner;
  }

  #add(plugin: ProviderPlugin): void {
    const missing = missingMembers(plugin);
    if (missing.length > 0) {
      const named = typeof plugin?.prefix === 'string' ? `The plugin "${plugin.prefix}"` : 'A provider plugin';
      throw new CapstanError('PROVIDER_UNDETECTED', `${named} lacks ${missing.join(', ')}.`, { details: { missing } });
    }
    const wrong = wrongAbilities(plugin);
    if (wrong.length > 0) {
      throw new CapstanError(
        'PROVIDER_UNDETECTED',
        `The plugin "${plugin.prefix}" is wrongly made: ${wrong.map(({ name, expected }) => `${name} must be ${expected}`).join(', ')}.`,
        { details: { wrong: wrong.map(({ name }) => name) } },
      );
    }
    if (!prefixPattern.test(plugin.prefix)) {
      throw new CapstanError(
        'PROVIDER_UNDETECTED',
        `"${plugin.prefix}" cannot be a provider prefix: use lower-case letters and digits, starting with a letter.`,
      );
    }
    if (this.#plugins.has(plugin.prefix)) {
      throw new CapstanError(
        'PROVIDER_AMBIGUOUS',
        `Two provider plugins claim the prefix "${plugin.prefix}". Register one.`,
        {
          details: { prefix: plugin.prefix },
        },
      );
    }
    this.#plugins.set(plugin.prefix, plugin);
  }

  #known(): string {
    return this.#plugins.size === 0 ? 'No provider is registered.' : `Known prefixes: ${this.prefixes.join(', ')}.`;
  }
}

function missingMembers(plugin: ProviderPlugin): readonly string[] {
  return Object.entries(requiredMembers)
    .filter(([name, type]) => !isOf(type, memberOf(plugin, name)))
    .map(([name]) => name);
}

function wrongAbilities(plugin: ProviderPlugin): readonly { readonly name: string; readonly expected: string }[] {
  return abilities.flatMap((members) => {
    const given = Object.entries(members).map(([name, type]) => ({ name, type, value: memberOf(plugin, name) }));
    if (given.every(({ value }) => value === undefined)) return [];
    return given
      .filter(({ type, value }) => !isOf(type, value))
      .map(({ name, type }) => ({ name, expected: type === 'function' ? 'a function' : 'an object' }));
  });
}

/** A plugin in plain JavaScript may be anything, nothing included. */
function memberOf(plugin: ProviderPlugin, name: string): unknown {
  return (plugin as unknown as Readonly<Record<string, unknown>> | null | undefined)?.[name];
}

function isOf(type: string, value: unknown): boolean {
  return typeof value === type && value !== null && !Array.isArray(value);
}
