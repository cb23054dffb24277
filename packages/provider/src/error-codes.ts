/** Every code a `CapstanError` can have, what it means, and what to do. The page `docs/errors.md` is made from this table. */
export const errorCodes = {
  MANIFEST_INVALID: {
    meaning:
      'A manifest cannot be used as it stands. `details.problems` lists every problem with file, line and column.',
    remedy: 'Mend the places named; `capstan validate` shows them all at once.',
    retryable: false,
  },
  CAPABILITY_NOT_FOUND: {
    meaning: 'No loaded manifest declares this id. `details.nearMatches` holds similar ids.',
    remedy: 'Check the id against `capstan list`.',
    retryable: false,
  },
  INPUT_INVALID: {
    meaning:
      "The input does not fit the capability's input schema. `details.problems` names each path and what was expected.",
    remedy: 'Correct the input; `capstan show <id>` prints the schema.',
    retryable: false,
  },
  OUTPUT_INVALID: {
    meaning:
      "The upstream's answer does not fit the declared output schema, is larger than allowed, or cannot be read.",
    remedy: 'Correct the schema or the limit in the manifest, or report it to the upstream.',
    retryable: false,
  },
  PROVIDER_UNDETECTED: {
    meaning: "No registered provider plugin owns a prefix of the capability's metadata keys.",
    remedy: 'Check the spelling of the keys, or register the plugin that owns them.',
    retryable: false,
  },
  PROVIDER_AMBIGUOUS: {
    meaning: 'More than one provider plugin could run the capability, or two plugins claim one prefix.',
    remedy: 'Say `provider: <prefix>` in the manifest, or register each prefix once.',
    retryable: false,
  },
  NOT_SUPPORTED: {
    meaning: 'The provider plugin of the capability cannot do this: complete an argument, or look after a task.',
    remedy: 'Do without it, or use a plugin that can.',
    retryable: false,
  },
  SESSION_UNAVAILABLE: {
    meaning: 'The capability requires a session and none could be given. Nothing was sent without one.',
    remedy: 'See the cause: no session pool, or the upstream gives no session of the kind required.',
    retryable: false,
  },
  SESSION_LOST: {
    meaning: 'The session ended under the call, and so did its replacement.',
    remedy: 'Try again; if it repeats, look at the upstream.',
    retryable: true,
  },
  OVERLOADED: {
    meaning: 'A bound was reached, ours or the upstream’s. `retryAfterMs` says when to come back.',
    remedy: 'Wait for `retryAfterMs`, then try again.',
    retryable: true,
  },
  CIRCUIT_OPEN: {
    meaning: 'The upstream failed repeatedly and is given a pause. `retryAfterMs` says how long.',
    remedy: 'Wait for `retryAfterMs`, then try again.',
    retryable: true,
  },
  TIMEOUT: {
    meaning: 'The call took longer than its limit.',
    remedy: 'Try again, or raise the limit that the message names.',
    retryable: true,
  },
  CANCELLED: {
    meaning: 'The caller cancelled. A call that was under way may have had its effect.',
    remedy: 'Nothing to mend. Where the call has an effect, find out at the upstream before calling again.',
    retryable: false,
  },
  UNAUTHORIZED: {
    meaning:
      'The upstream wants credentials: none are set, or it refused those it got. The message names the variable.',
    remedy: 'Set the variable to a valid credential.',
    retryable: false,
  },
  FORBIDDEN: {
    meaning: 'The credentials are valid but do not allow this.',
    remedy: 'Use credentials with the rights or scopes named.',
    retryable: false,
  },
  UPSTREAM_ERROR: {
    meaning:
      'The upstream could not be reached, or answered with an error of its own. The message says where and what.',
    remedy:
      'See the message; check that the upstream runs, that its address is right, and that it knows what was asked for.',
    retryable: true,
  },
  OUTCOME_UNKNOWN: {
    meaning: 'The call was sent, its answer is lost, and its effect does not allow a repeat. It may have happened.',
    remedy:
      'Find out at the upstream before calling again; declare an `effect` that allows repeats where that is true.',
    retryable: false,
  },
  DEFINITION_CHANGED: {
    meaning: 'The upstream changed the definition of the capability since it was accepted.',
    remedy: 'Review the change and accept it.',
    retryable: false,
  },
  CLOSED: {
    meaning: 'The runtime is closing or closed and takes no more calls.',
    remedy: 'Create a new runtime.',
    retryable: false,
  },
} as const satisfies Record<string, { meaning: string; remedy: string; retryable: boolean }>;

export type ErrorCode = keyof typeof errorCodes;
