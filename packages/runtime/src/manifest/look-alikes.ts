/**
 * Letters that look like Latin ones and that NFKC leaves alone, in the order of the Latin alphabet: a selection from the confusables of
 * Unicode Technical Standard 39, for the scripts that names are faked with.
 */
const confusable: Readonly<Record<string, string>> = {
  a: 'аɑαаӑᴀꭺⲁ',
  b: 'ЬƄᏏвΒВʙ',
  c: 'сϲᴄⲥСϹᏟⅽ',
  d: 'ԁᏧɗꓒ',
  e: 'еҽєЕΕꬲᎬ',
  f: 'ꞙẝϝꬵғ',
  g: 'ɡցƍɢԌ',
  h: 'һհᏂНΗʜ',
  i: 'іıɩιɪІΙᎥ',
  j: 'јϳЈʝ',
  k: 'кκĸКΚᴋ',
  l: 'ӏǀΙӀⅼוןʟ',
  m: 'мⅿМΜᴍ',
  n: 'ոռпηΝɴ',
  o: 'оοօоОΟσഠჿ߀ᴏ',
  p: 'рρϱⲣРΡ',
  q: 'ԛգզ',
  r: 'гᴦⲅꭇʀ',
  s: 'ѕꜱƽЅՏ',
  t: 'тτᴛТΤ',
  u: 'υսцʋᴜꞟ',
  v: 'νѵᴠⅴט',
  w: 'ԝѡաɯᴡ',
  x: 'хχⅹ×ХΧ',
  y: 'уүγʏỿУΥ',
  z: 'ᴢʐΖ',
};
const latin = new Map(
  Object.entries(confusable).flatMap(([letter, others]) =>
    (others.match(/./gsu) ?? []).map((other) => [other, letter] as const),
  ),
);

/**
 * What names come to that a reader could take for one another. `read_file`, `Read-File`, `read_fi1e` (a digit for a letter), and those with
 * a Cyrillic or full-width letter, or with a character that nobody sees, all give the same.
 */
export function lookAlikeKey(name: string): string {
  const bare = asLatin(name.normalize('NFKC'))
    .replaceAll(/[I1|]/g, 'l')
    .normalize('NFKD')
    .replaceAll(/[\p{Mark}\p{Cf}\p{Cc}\u115F\u1160\u3164\uFFA0]/gu, '')
    .toLowerCase();
  return asLatin(bare)
    .replaceAll('0', 'o')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
    .replaceAll(/[\s_.\-/:]+/g, '');
}

function asLatin(text: string): string {
  return text.replaceAll(/\P{ASCII}/gu, (character) => latin.get(character) ?? character);
}
