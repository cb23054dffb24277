import type { JsonValue, Metadata } from '@capstan/provider';
import { Document, isScalar, visit } from 'yaml';
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
      // Whole numbers beyond 2^53 are refused, as they would lose digits. This one has lost them already.
      if (isScalar(node) && Number.isInteger(node.value) && !Number.isSafeInteger(node.value)) node.format = 'EXP';
    },
  });
  return document.toString({
    lineWidth: 0,
    singleQuote: false,
    blockQuote: 'literal',
    doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
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
