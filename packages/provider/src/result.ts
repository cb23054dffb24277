import type { InputRequest } from './invocation.ts';
import type { JsonObject, JsonValue } from './json.ts';

/** A piece of an answer, as the upstream gave it; `type` is text, image, audio, resource, resource_link or the upstream's own. */
export interface ContentBlock extends JsonObject {
  readonly type: string;
}

/** Work that the upstream goes on with after the call returned. */
export interface TaskHandle {
  readonly id: string;
  readonly state?: JsonObject;
}

/** What a plugin answers. */
export interface ProviderResult {
  /** Structured where the upstream gives structure. */
  readonly output: JsonValue;
  readonly content?: readonly ContentBlock[];
  /** The capability itself reported failure: the upstream was reached and answered no. */
  readonly isError: boolean;
  readonly inputRequired?: { readonly requests: Readonly<Record<string, InputRequest>>; readonly state: string };
  readonly task?: TaskHandle;
}

/** How a call went. Holds no secret and no upstream session id. */
export interface CallRecord {
  /** Tries that reached the plugin; 1 unless the pool repeated the call. */
  readonly attempts: number;
  readonly session: 'none' | 'new' | 'reused';
  readonly durationMs: number;
}

/** What a caller gets: the plugin's answer and how it came about. */
export interface CapabilityResult extends ProviderResult {
  readonly call: CallRecord;
}
