import { isDeepStrictEqual } from 'node:util';
import type { ContentBlock, ProviderResult } from '@capstan/provider';
import { type Style, visible } from './style.ts';

/**
 * Text as text, everything else as JSON. Where the output is the content itself, its text; at a terminal and where there is only content,
 * with a word about each block that is none.
 */
export function resultText({ output, content = [] }: ProviderResult, style: Style): string {
  const isContent = content.length > 0 && (output === null || isDeepStrictEqual(output, content));
  const isReadable = output === null || style.columns !== undefined || content.every(isText);
  const text = isContent && isReadable ? content.map(blockText).join('\n') : jsonText(output, 2);
  return style.columns === undefined ? text : visible(text);
}

/** Text as it is, everything else as JSON. */
export function jsonText(value: unknown, indent?: number): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, indent);
}

function isText({ type, text }: ContentBlock): boolean {
  return type === 'text' && typeof text === 'string';
}

function blockText(block: ContentBlock): string {
  if (typeof block['text'] === 'string') return block['text'];
  const { mimeType, uri } = (block['resource'] ?? block) as Readonly<Record<string, unknown>>;
  return `[${[block.type, mimeType, uri].filter((word) => typeof word === 'string').join(' ')}]`;
}
