/** Renews the credentials of one session in place, once for all calls that wait for it. */
export class CredentialsRenewal {
  /** Counts up with each renewal. */
  generation = 0;
  readonly #renew: () => Promise<void>;
  #running: Promise<void> | undefined;

  constructor(renew: () => Promise<void>) {
    this.#renew = renew;
  }

  /**
   * `refusedGeneration` is the `generation` under which a call was refused: where newer credentials came meanwhile, they are what the call
   * needs. False where the renewal failed.
   */
  async since(refusedGeneration: number): Promise<boolean> {
    if (refusedGeneration < this.generation) return true;
    this.#running ??= this.#renewOnce();
    await this.#running;
    return refusedGeneration < this.generation;
  }

  async #renewOnce(): Promise<void> {
    try {
      await this.#renew();
      this.generation++;
    } catch {
      // A refusal to renew is not reported: the calls that wait report their own, which says more.
    } finally {
      this.#running = undefined;
    }
  }
}
