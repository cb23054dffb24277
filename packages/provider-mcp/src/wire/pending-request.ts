import type { JsonObject, Progress } from '@capstan/provider';
import type { CallContext } from '../call-context.ts';
import type { RpcId } from './json-rpc.ts';
import { StreamEnd } from './stream-end.ts';
import { NoAnswer } from './wire-errors.ts';

export interface RequestOptions {
  /** Milliseconds to wait for the answer. `Infinity`: until the signal aborts. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Whose request it is: for its credentials, and for what the server asks meanwhile. */
  readonly context?: CallContext | undefined;
  /** Over HTTP, beside the connection's own. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Asks the server to tell how far it is. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** The answer comes with the end of the session, or of something else that lasts: not a call. */
  readonly lasting?: boolean | undefined;
  /** Of the answer, decoded. */
  readonly maxBytes?: number | undefined;
}

interface PendingEvents {
  /** Neither the answer nor an error came: the other side is to be told that nobody waits. */
  readonly onGivenUp: (request: PendingRequest) => void;
}

/** One request under way: its time, its caller's signal, and the end of its own stream. */
export class PendingRequest {
  readonly id: RpcId;
  readonly method: string;
  readonly options: RequestOptions;
  /** The result, or why there is none. */
  readonly promise: Promise<JsonObject>;
  readonly #answer = Promise.withResolvers<JsonObject>();
  readonly #onGivenUp: (request: PendingRequest) => void;
  readonly stream = new StreamEnd();
  #timer: NodeJS.Timeout | undefined;

  constructor(id: RpcId, method: string, options: RequestOptions, { onGivenUp }: PendingEvents) {
    this.id = id;
    this.promise = this.#answer.promise;
    this.method = method;
    this.options = options;
    this.#onGivenUp = onGivenUp;
    options.signal?.addEventListener('abort', this);
    if (options.timeoutMs !== Infinity)
      this.#timer = setTimeout(
        () => this.#giveUp(new NoAnswer(`No answer in ${options.timeoutMs} ms.`)),
        options.timeoutMs,
      );
  }

  get context(): CallContext | undefined {
    return this.options.context;
  }

  /** The caller's signal aborted. */
  handleEvent(): void {
    this.#giveUp(this.options.signal?.reason);
  }

  resolve(result: JsonObject): void {
    this.#stop();
    this.#answer.resolve(result);
  }

  reject(error: unknown): void {
    this.#stop();
    this.#answer.reject(error);
  }

  progressed(params: JsonObject): void {
    const { progress, total, message } = params;
    if (typeof progress !== 'number') return;
    this.options.onProgress?.({
      progress,
      ...(typeof total === 'number' ? { total } : {}),
      ...(typeof message === 'string' ? { message } : {}),
    });
  }

  #giveUp(reason: unknown): void {
    this.reject(reason);
    this.#onGivenUp(this);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.options.signal?.removeEventListener('abort', this);
  }
}
