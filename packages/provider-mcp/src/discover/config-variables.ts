import type { Metadata } from '@capstan/provider';
import { isSecretName } from './secret-argument.ts';

type Texts = Readonly<Record<string, unknown>>;

/** What metadata say instead of the values that stood in a configuration. */
interface Replaced {
  /** For this run only. */
  readonly values: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
}

/** Turns the values that a configuration spells out or refers to into names of variables. One for all servers of a configuration. */
export class ConfigVariables {
  /** Values given so far: two servers may mean different things by one name. */
  readonly #given = new Map<string, string>();

  /** `env`: lines for `mcp_env`. */
  environmentOf(server: string, env: Texts): Replaced & { readonly lines: readonly string[] } {
    const values = new Map<string, string>();
    const notes: string[] = [];
    const lines = Object.entries(env).flatMap(([name, given]) => {
      if (typeof given !== 'string' && typeof given !== 'number' && typeof given !== 'boolean') return [];
      return [`${name}=${this.#variableFor(server, name, String(given), values, notes)}`];
    });
    return { lines, values, notes };
  }

  /** `headers`: one of them can carry the credential. */
  credentialOf(server: string, headers: Texts): Replaced & { readonly metadata: Metadata } {
    const values = new Map<string, string>();
    const notes: string[] = [];
    const entries = Object.entries(headers).filter(([, value]) => typeof value === 'string');
    const credential =
      entries.find(([name]) => /^authorization$/i.test(name)) ?? entries.find(([name]) => isSecretName(name));
    for (const [name] of entries)
      if (name !== credential?.[0])
        notes.push(`the header ${name} is left out: mcp_auth_header carries one header, the credential`);
    if (credential === undefined) return { metadata: {}, values, notes };
    const [header, value] = credential;
    const isStandard = /^authorization$/i.test(header);
    // The scheme may be all that is told: `Bearer ${input:token}`.
    const [, scheme = '', rest = ''] =
      (isStandard ? /^([A-Za-z][\w-]*)\s+(.+)$/ : /^()(.+)$/).exec(String(value)) ?? [];
    const own = isStandard ? `${server}_TOKEN` : header;
    const variable = this.#variableFor(server, own, rest === '' ? String(value) : rest, values, notes);
    return {
      metadata: {
        mcp_auth_env_var: variable,
        ...(isStandard ? {} : { mcp_auth_header: header }),
        ...(scheme.toLowerCase() === 'bearer' ? {} : { mcp_auth_scheme: scheme }),
      },
      values,
      notes,
    };
  }

  #variableFor(server: string, name: string, given: string, values: Map<string, string>, notes: string[]): string {
    // `${env:X}` of VS Code and Cursor, `${X}` and `${X:-default}` of Claude Code, `${input:x}` of VS Code.
    const [, kind, referred] = /^\$\{(env:|input:)?([\w-]+)(?::-[^}]*)?\}$/.exec(given) ?? [];
    if (referred !== undefined) {
      const variable = variableName(referred);
      if (kind === 'input:') notes.push(`set ${variable}: the configuration asks for it as the input "${referred}"`);
      else
        notes.push(
          variable === referred ? `set ${variable}` : `set ${variable}: the configuration calls it ${referred}`,
        );
      return variable;
    }
    const isComposite = given.includes('${');
    const plain = variableName(name);
    const known = this.#given.get(plain);
    const variable = known === undefined || known === given ? plain : variableName(`${server}_${name}`);
    this.#given.set(variable, given);
    if (!isComposite) values.set(variable, given);
    notes.push(
      isComposite
        ? `set ${variable} to the whole value: the configuration makes it of several parts`
        : `set ${variable} to the value that stands in the configuration`,
    );
    return variable;
  }
}

/** In capitals, as manifests want it: `api-key` → `API_KEY`. */
function variableName(text: string): string {
  const name = text.toUpperCase().replaceAll(/[^A-Z0-9_]+/g, '_');
  return /^[A-Z_]/.test(name) ? name : `_${name}`;
}
