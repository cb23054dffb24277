import type { CallRecord, Effect, Invocation, ProviderPlugin, ProviderResult } from '@capstan/provider';

/** What is asked of an upstream beside calls. */
export type Operation = 'complete' | 'task-status' | 'task-respond' | 'task-cancel';

/** What any work at an upstream goes by: which capability, on whose behalf, until when. */
export type WorkContext = Pick<
  Invocation,
  'attempt' | 'callId' | 'caller' | 'capability' | 'conversationId' | 'signal'
>;

/** Something that a plugin does at its upstream: a call, or an operation beside one. One rule for sessions, repeats and time for all of it. */
export interface UpstreamWork<C extends WorkContext, T> {
  /** Decides what may be repeated. Of a call its capability's. */
  readonly effect: Effect;
  /** Absent for a call. */
  readonly operation?: Operation;
  readonly withSession: (plugin: ProviderPlugin, session: unknown, context: C) => Promise<T>;
  readonly withoutSession: (plugin: ProviderPlugin, context: C) => Promise<T>;
}

/** What came of it. */
export interface WorkDone<T> {
  readonly result: T;
  readonly record: CallRecord;
}

/** The call of a capability. */
export function callWork(effect: Effect): UpstreamWork<Invocation, ProviderResult> {
  return {
    effect,
    withSession: (plugin, session, invocation) => plugin.executeWithSession(session, invocation),
    withoutSession: (plugin, invocation) => plugin.execute(invocation),
  };
}
