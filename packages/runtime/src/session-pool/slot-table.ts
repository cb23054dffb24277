import type { Capability, ProviderPlugin, SessionKey } from '@capstan/provider';
import type { PoolContext } from './pool-context.ts';
import { SessionSlot } from './session-slot.ts';
import { visitInBatches } from './session-sweeper.ts';
import { Upstream } from './upstream.ts';

/** What a slot is made for. */
export interface SlotRequest {
  readonly plugin: ProviderPlugin;
  /** The pool key, or any name where nobody shares the session. */
  readonly key: string;
  readonly isShared: boolean;
  readonly sessionKey: SessionKey;
  readonly capability: Capability;
}

/** The slots by their pool keys, and the upstreams that slots have in common. */
export class SlotTable {
  readonly #context: PoolContext;
  readonly #slots = new Map<string, SessionSlot>();
  readonly #own = new Set<SessionSlot>();
  readonly #upstreams = new Map<string, Upstream>();

  constructor(context: PoolContext) {
    this.#context = context;
  }

  get slots(): Iterable<SessionSlot> {
    return this.#slots.values();
  }

  get upstreams(): Iterable<Upstream> {
    return this.#upstreams.values();
  }

  /** The slot of a key, made where there is none. */
  get(request: SlotRequest): SessionSlot {
    let slot = this.#slots.get(request.key);
    if (slot === undefined) {
      slot = this.#create(request);
      this.#slots.set(request.key, slot);
    }
    return slot;
  }

  /** A slot that nobody else gets, for one call. Whoever made it gives it up. */
  createOwn(request: SlotRequest): SessionSlot {
    const slot = this.#create(request);
    this.#own.add(slot);
    return slot;
  }

  /** Ends the session of a slot for one call. */
  async giveUp(slot: SessionSlot): Promise<void> {
    this.#own.delete(slot);
    await slot.close('explicit');
  }

  /** Forgets what holds nothing and remembers no failure. */
  async prune(now: number): Promise<void> {
    const used = new Set<Upstream>();
    await visitInBatches(this.#slots, ([key, slot]) => {
      if (slot.isUnused(now)) this.#slots.delete(key);
      else used.add(slot.upstream);
    });
    for (const [name, upstream] of this.#upstreams) {
      if (!used.has(upstream) && upstream.isUnused(now)) this.#upstreams.delete(name);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#slots.values(), ...this.#own].map((slot) => slot.close('drain')));
    for (const upstream of this.#upstreams.values()) upstream.close();
    this.#slots.clear();
    this.#upstreams.clear();
  }

  #create({ plugin, key, sessionKey, capability }: SlotRequest): SessionSlot {
    const name = JSON.stringify([plugin.prefix, sessionKey.upstream]);
    let upstream = this.#upstreams.get(name);
    if (upstream === undefined) {
      upstream = new Upstream(plugin.prefix, sessionKey.upstream);
      this.#upstreams.set(name, upstream);
    }
    return new SessionSlot(this.#context, { plugin, key, upstream, capability });
  }
}
