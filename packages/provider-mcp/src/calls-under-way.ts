import type { CallContext } from './call-context.ts';

/** The calls that run on one session, and whose were given up: what a server goes on to say about those names nobody. */
export class CallsUnderWay {
  readonly #running = new Set<CallContext>();
  readonly #givenUp = new Set<string>();

  begin(context: CallContext): void {
    this.#running.add(context);
  }

  /** `givenUp`: before its answer came. */
  end(context: CallContext, givenUp: boolean): void {
    if (this.#running.delete(context) && givenUp) this.#givenUp.add(callerOf(context));
  }

  /** The one that something without a name must be about: it runs alone, and no call of another caller was given up. */
  get only(): CallContext | undefined {
    const [only, another] = this.#running;
    if (only === undefined || another !== undefined) return undefined;
    const caller = callerOf(only);
    return [...this.#givenUp].every((name) => name === caller) ? only : undefined;
  }

  get someWereGivenUp(): boolean {
    return this.#givenUp.size > 0;
  }
}

function callerOf({ caller: { subject, tenant } }: CallContext): string {
  return JSON.stringify([subject ?? null, tenant ?? null]);
}
