import type { Caller, Capability, SecretSource } from '@capstan/provider';

const shortestSecret = 6;
const deepestCause = 8;
/** More are not kept: a host that reads a secret for each of its callers would make every redaction slower for ever. */
const mostSecrets = 1_000;

/**
 * Reads secrets and remembers which values were read, so that none of them leaves the runtime: errors, events, logs and results pass
 * through `redact`. Values under 6 characters are not searched for: they would occur by chance.
 */
export class Secrets implements SecretSource {
  readonly #source: SecretSource;
  /** Value → what stands in its place, in the order in which they were read. */
  readonly #replacements = new Map<string, string>();
  /** The same, the longest first, so that no secret is left behind by one that it begins with. */
  #known: readonly (readonly [secret: string, replacement: string])[] = [];

  constructor(source: SecretSource) {
    this.#source = source;
  }

  async read(
    variable: string,
    context: { readonly caller: Caller; readonly capability: Capability },
  ): Promise<string | undefined> {
    const value = await this.#source.read(variable, context);
    // What is sent is often rid of white space at its ends, such as a line break from a file.
    if (value !== undefined) for (const form of new Set([value, value.trim()])) this.#remember(form, variable);
    return value;
  }

  /** The same value where it holds no secret, else a copy without it. */
  redact<T>(value: T): T {
    return this.#known.length === 0 ? value : (this.#redactValue(value) as T);
  }

  /** The same error, its messages, stacks, details and causes rid of secrets in place, so that identity and class survive. */
  redactError<T>(error: T): T {
    if (this.#known.length > 0) this.#redactChain(error, 0);
    return error;
  }

  #remember(secret: string, variable: string): void {
    if (secret.length < shortestSecret || this.#replacements.has(secret)) return;
    this.#replacements.set(secret, `[redacted ${variable}]`);
    const [oldest] = this.#replacements.keys();
    if (this.#replacements.size > mostSecrets && oldest !== undefined) this.#replacements.delete(oldest);
    this.#known = [...this.#replacements].toSorted(([one], [two]) => two.length - one.length);
  }

  #redactChain(error: unknown, depth: number): unknown {
    if (!(error instanceof Error)) return this.#redactValue(error);
    if (depth > deepestCause) return error;
    for (const key of new Set(['message', 'stack', 'cause', 'errors', ...Object.keys(error)])) {
      const before: unknown = Reflect.get(error, key);
      const after = Array.isArray(before)
        ? before.map((item) => this.#redactChain(item, depth + 1))
        : this.#redactChain(before, depth + 1);
      if (after !== before && key in error) {
        Object.defineProperty(error, key, { value: after, configurable: true, writable: true });
      }
    }
    return error;
  }

  #redactValue(value: unknown): unknown {
    if (typeof value === 'string') return this.#redactText(value);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      const copy = value.map((item) => this.#redactValue(item));
      return copy.some((item, index) => item !== value[index]) ? copy : value;
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return value;
    let copy: Record<string, unknown> | undefined;
    for (const [key, item] of Object.entries(value)) {
      const cleanKey = this.#redactText(key);
      const cleanItem = this.#redactValue(item);
      if (cleanKey === key && cleanItem === item) continue;
      copy ??= { ...value };
      delete copy[key];
      copy[cleanKey] = cleanItem;
    }
    return copy ?? value;
  }

  #redactText(text: string): string {
    let clean = text;
    for (const [secret, replacement] of this.#known) {
      if (clean.includes(secret)) clean = clean.replaceAll(secret, replacement);
    }
    return clean;
  }
}

/** Secrets from environment variables. An empty variable counts as not set. */
export function environmentSecrets(environment: Readonly<Record<string, string | undefined>>): SecretSource {
  return { read: async (variable) => environment[variable] || undefined };
}
