import type { JsonSchema } from '@capstan/provider';

/** The longest that a timer can wait. */
const longestMs = 2_147_483_647;

function duration(description: string, defaultMs: number): JsonSchema {
  return { type: 'integer', minimum: 1, maximum: longestMs, default: defaultMs, description };
}

function count(description: string, minimum: number): JsonSchema {
  return { type: 'integer', minimum, maximum: Number.MAX_SAFE_INTEGER, description };
}

/**
 * The keys that belong to the runtime, for every provider alike. Defaults are documented here and kept in `RuntimeOptions`; they are
 * not filled in, so that a host's options count where a manifest says nothing.
 */
export const runtimeMetadataSchema = {
  type: 'object',
  properties: {
    session_scope: {
      type: 'string',
      enum: ['shared', 'caller', 'conversation', 'call'],
      default: 'caller',
      description:
        'Who may share one upstream session: everybody (`shared`), the calls of one caller, the calls of one conversation, or nobody (`call`: it ends with the call).',
    },
    session_idle_timeout_ms: duration('Milliseconds without a call after which a session ends, ± 10 %.', 300_000),
    session_max_lifetime_ms: duration(
      'Milliseconds after which a session takes no new calls, less up to 10 %.',
      1_800_000,
    ),
    session_max_concurrency: {
      ...count('Calls at once on one session. Unless set, what the provider knows of the session counts.', 1),
      default: 64,
    },
    session_max_sessions: { ...count('Sessions at once for the same upstream, identity and scope.', 1), default: 1 },
    session_queue_limit: { ...count('Calls that may wait for a session.', 1), default: 1024 },
    call_timeout_ms: duration(
      'Milliseconds that a call may go on without an answer or progress. Rests while the caller is asked something.',
      60_000,
    ),
    call_max_total_ms: duration(
      'Milliseconds that a call may take in all, waiting and retries included; progress does not extend it.',
      600_000,
    ),
    call_rate_limit: {
      type: 'string',
      pattern: '^[1-9][0-9]{0,8}/(s|min|h)$',
      examples: ['10/s', '100/min'],
      description:
        'Calls per second, minute or hour for each caller; beyond it calls are refused as overloaded. Default: no limit.',
    },
    call_max_output_bytes: { ...count('Bytes of a decoded answer.', 1), default: 16_777_216 },
  },
} as const satisfies JsonSchema;

/** Of `<prefix>_requires_session`, whatever the prefix. */
export const requiresSessionSchema = {
  enum: ['auto', true, false, 'true', 'false'],
  description:
    'Whether calls go through a session: `true` insists on one, `auto` lets the provider find out what the upstream needs.',
} as const satisfies JsonSchema;

/** Of `<prefix>_allow_insecure`, whatever the prefix. */
export const allowInsecureSchema = {
  type: 'boolean',
  default: false,
  description: 'Allows `http` beyond this machine in the keys `<prefix>_*_url`.',
} as const satisfies JsonSchema;

export const environmentVariablePattern = '^[A-Z_][A-Z0-9_]*$';
export const overrideSuffix = '_override_env_var';

/** Of `K_override_env_var`, whatever the key K. */
export const overrideSchema = {
  type: 'string',
  pattern: environmentVariablePattern,
  examples: ['STAGING_SERVER_URL'],
  description:
    'Name of an environment variable whose value, where it is set and not empty, replaces that of the key before `_override_env_var`.',
} as const satisfies JsonSchema;
