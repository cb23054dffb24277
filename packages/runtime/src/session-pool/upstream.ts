import type { SessionKey } from '@capstan/provider';
import { Breaker, upstreamBreaker } from './breaker.ts';

/**
 * What all slots of one upstream share: the breaker of openings, so that a dead upstream costs one probe per pause, whoever waits for it.
 */
export class Upstream {
  /** Of its provider. */
  readonly prefix: string;
  readonly name: SessionKey['upstream'];
  readonly breaker: Breaker = new Breaker(upstreamBreaker);
  readonly #waiting = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(prefix: string, name: SessionKey['upstream']) {
    this.prefix = prefix;
    this.name = name;
  }

  /** Calls `onChange` once, when an opening may be admitted again. */
  wait(onChange: () => void): void {
    this.#waiting.add(onChange);
    if (this.breaker.state === 'open') this.#arm();
  }

  isUnused(now: number): boolean {
    return this.#waiting.size === 0 && this.breaker.isForgettable(now);
  }

  succeeded(): void {
    this.breaker.success();
    this.#wake();
  }

  failed(retryAfterMs: number | undefined): void {
    this.breaker.failure(Date.now(), { atLeastMs: retryAfterMs ?? 0 });
    if (this.#waiting.size > 0) this.#arm();
  }

  /** The opening was given up before the upstream decided it. */
  abandoned(): void {
    this.breaker.abandon(Date.now());
    this.#wake();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#wake(), this.breaker.retryAfterMs(Date.now()));
  }

  #wake(): void {
    clearTimeout(this.#timer);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const onChange of waiting) onChange();
  }
}
