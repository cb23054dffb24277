import type { Metadata } from '@capstan/provider';
import { Lexer } from 'yaml';
import { declaredMetadata, indented, yamlText } from './manifest-yaml.ts';
import { noteMark, type PreparedDraft } from './prepare-drafts.ts';
import { largestManifestBytes } from './read-manifest.ts';

/** Leaves room for what people and later imports add. */
const fullPartBytes = 192 * 1024;
/** Of the 100 000 that the loader reads. */
const mostTokens = 80_000;

/** What a file starts with that importing wrote, and may change. */
const importMark = '# Written by capstan import.';
const head = `${importMark} Edit what you like: importing again keeps it, and shows what the upstream changed.\n`;

/**
 * The text of a manifest of `drafts`, which have equal `metadata`; several texts where one would be too large to load, in order.
 * The same drafts give the same bytes.
 */
export function manifestTexts(drafts: readonly PreparedDraft[]): readonly string[] {
  const { metadata = {}, sharedNotes = [] } = drafts[0] ?? {};
  const top = head + sharedNotes.map((note) => `${noteMark}${note}\n`).join('') + metadataText(metadata);
  const whole = top + listText(drafts);
  if (Buffer.byteLength(whole) <= largestManifestBytes && tokensOf(whole) <= mostTokens) return [whole];
  return partsOf(drafts, Buffer.byteLength(top)).map((part) => top + listText(part));
}

/** Whether importing wrote a text. */
export function isImported(text: string): boolean {
  return text.startsWith(importMark);
}

function partsOf(drafts: readonly PreparedDraft[], topBytes: number): readonly (readonly PreparedDraft[])[] {
  const parts: PreparedDraft[][] = [];
  let bytes = Infinity;
  let tokens = Infinity;
  for (const draft of drafts) {
    const text = indented(draft.text, 2);
    const own = { bytes: Buffer.byteLength(text), tokens: tokensOf(text) };
    if (bytes + own.bytes > fullPartBytes + topBytes || tokens + own.tokens > mostTokens) {
      parts.push([]);
      bytes = topBytes;
      tokens = 0;
    }
    parts.at(-1)?.push(draft);
    bytes += own.bytes;
    tokens += own.tokens;
  }
  return parts;
}

function metadataText(metadata: Metadata): string {
  return Object.keys(metadata).length === 0 ? '' : yamlText({ metadata: declaredMetadata(metadata) });
}

function listText(drafts: readonly PreparedDraft[]): string {
  return `capabilities:\n${drafts.map(({ text }) => indented(text, 2)).join('')}`;
}

function tokensOf(text: string): number {
  let tokens = 0;
  for (const _ of new Lexer().lex(text)) tokens++;
  return tokens;
}
