import type { Caller, JsonObject } from '@capstan/provider';

/** Whose answer it is, and where it came from. */
export interface CachePlace {
  /** Server and identity towards it. */
  readonly upstream: string;
  readonly caller: Caller;
}

/** The answers that one call may be given. */
export interface CachedReads {
  readonly moment: number;
  get(uri: string): JsonObject | undefined;
  keep(uri: string, result: JsonObject, moment: number): void;
}

interface Entry {
  readonly upstream: string;
  readonly uri: string;
  readonly result: JsonObject;
  readonly bytes: number;
  readonly expiresAt: number;
}

const mostEntries = 500;
const mostBytes = 8 * 1024 * 1024;
const longestMs = 3_600_000;

/**
 * Answers of modern servers to `resources/read`, for as long as they said (`ttlMs`, `cacheScope`; 2026-07-28, "Caching"), an hour at most.
 * A private one is for the caller who got it.
 */
export class ResponseCache {
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #changes = 0;

  /** What `place` may be given. `moment` is to be taken before a request is sent, and handed to `keep`. `onHit`: an answer was given again. */
  at(place: CachePlace, onHit: () => void): CachedReads {
    const changes = (): number => this.#changes;
    return {
      get moment() {
        return changes();
      },
      get: (uri) => {
        const found = this.#get(place, uri);
        if (found !== undefined) onHit();
        return found;
      },
      keep: (uri, result, moment) => this.#keep(place, uri, result, moment),
    };
  }

  /** Of one resource, or of all of a server. */
  forget(upstream: string, uri?: string): void {
    this.#changes += 1;
    for (const [key, entry] of this.#entries)
      if (entry.upstream === upstream && (uri === undefined || entry.uri === uri)) this.#drop(key);
  }

  #get({ upstream, caller }: CachePlace, uri: string): JsonObject | undefined {
    return this.#read(keyOf(upstream, uri, caller)) ?? this.#read(keyOf(upstream, uri, undefined));
  }

  /** Keeps an answer that may be kept, unless something changed since `moment`. */
  #keep({ upstream, caller }: CachePlace, uri: string, result: JsonObject, moment: number): void {
    const { ttlMs, cacheScope } = result;
    if (moment !== this.#changes || typeof ttlMs !== 'number' || !(ttlMs > 0)) return;
    const bytes = JSON.stringify(result).length;
    if (bytes > mostBytes / 16) return;
    const key = keyOf(upstream, uri, cacheScope === 'public' ? undefined : caller);
    this.#drop(key);
    this.#entries.set(key, { upstream, uri, result, bytes, expiresAt: Date.now() + Math.min(ttlMs, longestMs) });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= mostEntries && this.#bytes <= mostBytes) break;
      this.#drop(oldest);
    }
  }

  #read(key: string): JsonObject | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAt > Date.now()) return entry.result;
    this.#drop(key);
    return undefined;
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}

function keyOf(upstream: string, uri: string, caller: Caller | undefined): string {
  const whose = caller === undefined ? null : [caller.subject ?? null, caller.tenant ?? null, caller.scopes ?? null];
  return JSON.stringify([upstream, uri, whose]);
}
