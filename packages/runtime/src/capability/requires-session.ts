import type { Metadata } from '@capstan/provider';

const suffix = '_requires_session';

/** Whether a capability's metadata asks for a session, and which key says so. */
export type SessionRequirement =
  | { readonly mode: 'never' }
  | { readonly mode: 'auto' | 'required'; readonly key: string; readonly value: string | number | boolean };

/**
 * Reads any `*_requires_session` key, whatever its prefix: `auto`, `true` or `false`, as text or boolean. Of several the strictest
 * counts. A value that is none of these, which loading refuses, counts as `true`: a required session is never skipped.
 */
export function requiresSession(metadata: Metadata): SessionRequirement {
  let requirement: SessionRequirement = { mode: 'never' };
  for (const key in metadata) {
    if (!key.endsWith(suffix)) continue;
    const value = metadata[key];
    if (value === undefined || value === false || value === 'false') continue;
    if (value !== 'auto') return { mode: 'required', key, value };
    if (requirement.mode === 'never') requirement = { mode: 'auto', key, value };
  }
  return requirement;
}
