import { isConnectionHeader } from '@capstan/http-egress';
import type { Capability } from '@capstan/provider';
import type { MetadataKey } from './metadata-keys.ts';
import { invalid, lines } from './metadata-values.ts';

/** A request header as a manifest declares it; `parts` are texts and names of variables, by turns, a text first. */
export interface HeaderTemplate {
  readonly name: string;
  readonly parts: readonly string[];
}

/** What each request says by itself. */
const ownNames: ReadonlySet<string> = new Set(['accept', 'content-type']);

/** Reads `graphql_headers`. Throws `MANIFEST_INVALID`, without quoting a value. */
export function parseHeaders(capability: Capability): readonly HeaderTemplate[] {
  const names = new Set<string>();
  return lines(capability, 'graphql_headers').map((line, index) => {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~]*)$/.exec(line.trim()) ?? [];
    if (name === undefined || value === undefined)
      throw invalid(capability, `Line ${index + 1} of graphql_headers is not of the form "Name: value"`);
    checkHeader(capability, 'graphql_headers', name);
    const key = name.toLowerCase();
    if (names.has(key)) throw invalid(capability, `graphql_headers says ${name} twice`);
    names.add(key);
    return { name: key, parts: value.split(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/) };
  });
}

/** Throws `MANIFEST_INVALID` for a header that is not for a manifest to set. */
export function checkHeader(capability: Capability, key: MetadataKey, name: string): void {
  if (isConnectionHeader(name) || ownNames.has(name.toLowerCase()))
    throw invalid(capability, `${key} must not set ${name}: it is set with each request`);
}

/** The variables that stand in the values. */
export function headerVariables(headers: readonly HeaderTemplate[]): readonly string[] {
  return headers.flatMap(({ parts }) => parts.filter((_, index) => index % 2 === 1));
}
