import type * as undici from 'undici';
// @ts-expect-error: undici types its index alone.
import connector from 'undici/lib/core/connect.js';
// @ts-expect-error: undici types its index alone.
import agent from 'undici/lib/dispatcher/agent.js';
// @ts-expect-error: undici types its index alone.
import pool from 'undici/lib/dispatcher/pool.js';

/**
 * The parts of undici that make connections, and none of the rest: all of undici takes three times as long to load, which everybody would
 * wait for at the first call. Its version is pinned, and the tests of this package run through these paths.
 */
export const Agent = agent as typeof undici.Agent;
export const Pool = pool as typeof undici.Pool;
export const buildConnector = connector as typeof undici.buildConnector;
