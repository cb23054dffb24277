import type { ContentBlock, ProviderResult } from '@capstan/provider';
import { type Style, visible } from './style.ts';

/** Text as text, everything else as JSON; where there is only content, its text, and a word about each block that is none. */
export function resultText({ output, content }: ProviderResult, style: Style): string {
  const text =
    output === null && content !== undefined && content.length > 0
      ? content.map(blockText).join('\n')
      : jsonText(output, 2);
  return style.columns === undefined ? text : visible(text);
}

/** Text as it is, everything else as JSON. */
export function jsonText(value: unknown, indent?: number): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, indent);
}

function blockText(block: ContentBlock): string {
  const { type, text, mimeType, uri } = block;
  if (typeof text === 'string') return text;
  return `[${[type, mimeType, uri].filter((word) => typeof word === 'string').join(' ')}]`;
}
