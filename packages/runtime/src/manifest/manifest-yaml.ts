import type { JsonValue, Metadata } from '@capstan/provider';
import { Document, isScalar, visit } from 'yaml';
import { hiddenCharacter, hiddenCharacters } from './hidden-characters.ts';
import type { CapabilityDeclaration, MetadataScalar } from './manifest.ts';

type Writable = JsonValue | CapabilityDeclaration | readonly CapabilityDeclaration[];

/**
 * A value as YAML that `parseDocuments` reads back as the same: one form for everything, long lines unfolded, so that equal values give
 * equal text and a change shows where it is. Ends with a line break.
 */
export function yamlText(value: Writable): string {
  const document = new Document(value, { version: '1.2', aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && needsQuotes(node.value)) node.type = 'QUOTE_DOUBLE';
      // Whole numbers beyond 2^53 are refused, as they would lose digits. This one has lost them already.
      if (isScalar(node) && Number.isInteger(node.value) && !Number.isSafeInteger(node.value)) node.format = 'EXP';
    },
  });
  const text = document.toString({
    lineWidth: 0,
    singleQuote: false,
    blockQuote: 'literal',
    doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
  });
  return escapedCharacters(text);
}

/** In quotes what nobody sees can be escaped, and what stands at the ends is not lost when the text is moved or cut out. */
function needsQuotes(text: string): boolean {
  return text !== text.trim() || hiddenCharacter(text) !== undefined;
}

/** A value as YAML on one line. */
export function flowText(value: JsonValue): string {
  return escapedCharacters(JSON.stringify(value));
}

/** What nobody sees, and what terminals obey, in text whose quotes hold all of it. */
function escapedCharacters(text: string): string {
  return text.replaceAll(hiddenCharacters, (character) => {
    if (character === '\r') return character;
    return `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`;
  });
}

/** Metadata as a manifest says them: a value of several lines is a list. */
export function declaredMetadata(metadata: Metadata): Readonly<Record<string, MetadataScalar | readonly string[]>> {
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, declaredValue(value)]));
}

export function declaredValue(value: MetadataScalar): MetadataScalar | readonly string[] {
  return typeof value === 'string' && value.includes('\n') ? value.split('\n') : value;
}

/** Every line that is not empty moved to the right. */
export function indented(text: string, columns: number): string {
  return text.replaceAll(/^(?=.)/gm, ' '.repeat(columns));
}

/** A text as a comment of one line. */
export function commentText(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\s\u0000-\u001F\u007F-\u009F]+/g, ' ').trim();
}
