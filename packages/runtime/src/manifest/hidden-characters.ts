// Control characters but tab and line feed, soft hyphen, zero-width, bidirectional controls, invisible operators and tag characters.
// Variation selectors are refused unless they follow an emoji, where everybody's keyboard puts them.
const hidden =
  // oxlint-disable-next-line no-control-regex no-misleading-character-class
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\uFFF9-\uFFFB\u{E0000}-\u{E0FFF}]|(?<!\p{Emoji})[\uFE00-\uFE0F]/u;

/** The first character of a text that a reader would not see, as `U+200B`; undefined where there is none. */
export function hiddenCharacter(text: string): string | undefined {
  const found = hidden.exec(text)?.[0].codePointAt(0);
  return found === undefined ? undefined : `U+${found.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** For `replaceAll` alone: the expression remembers where it was. */
export const hiddenCharacters = new RegExp(hidden, 'gu');

/** The text without what a reader would not see, and what that was: `U+200B`, each once. Line breaks and tabs stay. */
export function withoutHiddenCharacters(text: string): { readonly text: string; readonly removed: readonly string[] } {
  if (!hidden.test(text)) return { text, removed: [] };
  const removed = new Set<string>();
  // Windows' line breaks are line breaks.
  const visible = text.replaceAll(/\r\n?/g, '\n').replaceAll(hiddenCharacters, (characters) => {
    removed.add(hiddenCharacter(characters) ?? characters);
    return '';
  });
  // What stood around it may hide something now: a selector that followed an emoji.
  const again = withoutHiddenCharacters(visible);
  return { text: again.text, removed: [...new Set([...removed, ...again.removed])] };
}
