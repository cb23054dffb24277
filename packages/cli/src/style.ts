import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** How text for people may look on one stream. */
export interface Style {
  /** Colours and weights where the stream shows them and nobody asked for none. */
  readonly paint: (format: Format, text: string) => string;
  /** Of the terminal; absent where the stream is none. */
  readonly columns?: number;
}

/** Respects `NO_COLOR`, `FORCE_COLOR` and what the terminal can do; `color: false` overrules them. */
export function styleOf(stream: NodeJS.WriteStream, color: boolean): Style {
  return {
    paint: (format, text) => (color ? styleText(format, text, { stream }) : text),
    // A terminal that does not know its width says 0.
    ...(stream.isTTY && { columns: stream.columns || 80 }),
  };
}

/**
 * Text from outside, safe to show: control characters, which could move the cursor or rename the window, become visible escapes, and so do
 * those that make a text read in another order than it is written. Line breaks and tabs stay.
 */
export function visible(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0).toString(16);
    if (character === '\r') return '';
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, '0')}`;
  });
}
