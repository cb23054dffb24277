import type { JsonObject, JsonSchema, JsonValue, ManifestDraft } from '@capstan/provider';
import { hiddenCharacter, withoutHiddenCharacters } from './hidden-characters.ts';
import { looksLikeSecret, withoutSecrets } from './looks-like-secret.ts';
import { checkKey, deepestNesting, readableKeys } from './value-rules.ts';

const longestDescriptionBytes = 8 * 1024;
const longestName = 256;
/** What stands around a schema in a manifest: the document, its list, the capability. */
const levelsAround = 3;

type DraftedCapability = ManifestDraft['capability'];

/** A capability that a manifest may hold, and what had to be done for it, a phrase each. */
export interface CleanedDraft {
  readonly capability: DraftedCapability;
  readonly warnings: readonly string[];
}

/**
 * Takes out of a draft what manifests may not hold: characters that nobody sees, what looks like a secret, texts beyond all measure, and
 * schemas with keys or depths that are refused.
 */
export function cleanDraft(capability: DraftedCapability): CleanedDraft {
  const findings = new Findings();
  const { name, description, input, output, metadata, ...others } = capability;
  for (const [key, value] of Object.entries(metadata)) {
    const hidden = typeof value === 'string' ? hiddenCharacter(value.replaceAll('\n', '')) : undefined;
    if (hidden !== undefined) findings.add(`${key} holds a character that cannot be seen (${hidden})`);
  }
  const cleanName = name === undefined ? undefined : shortName(findings.clean(name, 'name', 'name'));
  const cleanDescription =
    description === undefined ? undefined : findings.shorten(findings.clean(description, 'description', 'description'));
  const cleaned: DraftedCapability = {
    ...others,
    ...(cleanName !== undefined && cleanName !== '' && { name: cleanName }),
    ...(cleanDescription !== undefined && cleanDescription !== '' && { description: cleanDescription }),
    ...schema('input', input, findings),
    ...schema('output', output, findings),
    metadata,
  };
  return { capability: cleaned, warnings: findings.all };
}

function schema(
  key: 'input' | 'output',
  given: JsonSchema | undefined,
  findings: Findings,
): Pick<DraftedCapability, 'input' | 'output'> {
  if (given === undefined) return {};
  const problem = refusedIn(given, levelsAround);
  if (problem !== undefined) {
    findings.add(`its ${key} schema is left out: ${problem}`);
    return {};
  }
  return { [key]: cleanObject(given, key, findings) };
}

/** Why a value cannot stand in a manifest at all. */
function refusedIn(value: JsonValue, depth: number): string | undefined {
  if (typeof value === 'number' && !Number.isFinite(value)) return 'it holds a number without end';
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= deepestNesting) return 'it is nested too deeply';
  for (const [key, item] of Object.entries(value)) {
    if (!Array.isArray(value) && checkKey(key) !== undefined) return 'it has a key that manifests may not hold';
    const problem = refusedIn(item as JsonValue, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function cleanObject(value: JsonObject, where: string, findings: Findings): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key.toWellFormed(), cleanValue(item, key, where, findings)]),
  );
}

function cleanValue(value: JsonValue, key: string, where: string, findings: Findings): JsonValue {
  if (typeof value === 'string') return findings.clean(value, key, `${where} schema`);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: JsonValue) => cleanValue(item, key, where, findings));
  return cleanObject(value as JsonObject, where, findings);
}

class Findings {
  readonly #phrases = new Set<string>();

  get all(): readonly string[] {
    return [...this.#phrases];
  }

  add(phrase: string): void {
    this.#phrases.add(phrase);
  }

  /** `key`: what the text stands under; `where`: for people. */
  clean(given: string, key: string, where: string): string {
    let text = given.toWellFormed();
    if (readableKeys.has(key)) {
      const { text: visible, removed } = withoutHiddenCharacters(text);
      if (removed.length > 0) this.add(`hidden characters were removed from its ${where}: ${removed.join(', ')}`);
      text = visible.replaceAll(/[ \t]+$/gm, '').trim();
    } else if (text.includes('\u007F')) {
      // The one control character that YAML would write as it is.
      this.add(`a control character was removed from its ${where}`);
      text = text.replaceAll('\u007F', '');
    }
    if (!looksLikeSecret(text)) return text;
    this.add(`what looks like a secret was removed from its ${where}`);
    const without = withoutSecrets(text);
    return looksLikeSecret(without) ? '[secret]' : without;
  }

  shorten(text: string): string {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length <= longestDescriptionBytes) return text;
    this.add(`its description of ${bytes.length} bytes was cut`);
    // A character that is cut through ends as U+FFFD.
    const kept = new TextDecoder().decode(bytes.subarray(0, longestDescriptionBytes - 4)).replace(/\uFFFD+$/, '');
    return `${kept.trimEnd()}…`;
  }
}

/** Names are titles: one line. */
function shortName(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > longestName ? `${line.slice(0, longestName).toWellFormed()}…` : line;
}
