import { open, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inFolder, loadTexts, temporaryFolder, testLoader, withMetadata } from './load-texts.ts';

const good = withMetadata();

describe('hostile manifests', () => {
  it('refuses a file over 256 KiB unread, and loads the others', async () => {
    await using folder = await temporaryFolder({ 'good.yaml': good });
    const huge = await open(join(folder.path, 'huge.yaml'), 'w');
    await huge.truncate(10 * 1024 * 1024);
    await huge.close();
    const { capabilities, problems } = await testLoader().load(folder.path);
    expect(capabilities.map(({ id }) => id)).toEqual(['abacus.add']);
    expect(problems.map((problem) => inFolder(problem, folder.path))).toEqual([
      {
        severity: 'error',
        file: 'huge.yaml',
        line: 1,
        column: 1,
        message: 'The file is larger than 262144 bytes',
        remedy: 'Split it into several files.',
      },
    ]);
  });

  it('takes a file of exactly 256 KiB', async () => {
    const { capabilities, report } = await loadTexts(`${good}#${'x'.repeat(256 * 1024 - good.length - 1)}`);
    expect(report).toEqual([]);
    expect(capabilities).toHaveLength(1);
  });

  it.each([
    ['brackets', `${'['.repeat(20_000)}${']'.repeat(20_000)}`, '1:33'],
    ['braces', '{a: '.repeat(20_000), '1:129'],
    ['dashes on a line', '- '.repeat(20_000), '1:65'],
    ['question marks on a line', '? '.repeat(20_000), '1:65'],
    ['indentation', Array.from({ length: 200 }, (_, level) => `${' '.repeat(level)}a:\n`).join(''), '33:34'],
  ])('refuses nesting beyond 32 levels by %s', async (_name, text, place) => {
    const { report } = await loadTexts(text);
    expect(report).toEqual([`a.yaml:${place}  Nested deeper than 32 levels. Flatten it.`]);
  });

  it('takes exactly 32 levels', async () => {
    const nested = (levels: number): string =>
      `id: abacus.add\nmetadata: { abacus_rods: 1 }\ninput: ${'{a: '.repeat(levels)}1${'}'.repeat(levels)}`;
    expect((await loadTexts(nested(31))).report).toEqual([]);
    expect((await loadTexts(nested(32))).report).toEqual([expect.stringContaining('Nested deeper than 32 levels')]);
  });

  it('counts levels that aliases add', async () => {
    const lines = [
      'x0: &x0 [1]',
      ...Array.from({ length: 40 }, (_, index) => `x${index + 1}: &x${index + 1} [*x${index}]`),
    ];
    const { report } = await loadTexts(lines.join('\n'));
    expect(report[0]).toBe('a.yaml:32:12  Nested deeper than 32 levels (seen "*x30"). Flatten it.');
  });

  it('refuses aliases that expand without end', async () => {
    const lines = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (const [index, name] of Array.from('bcdefghi').entries()) {
      lines.push(`${name}: &${name} [${Array.from({ length: 10 }, () => `*${'abcdefgh'[index]}`).join(', ')}]`);
    }
    const { report } = await loadTexts(lines.join('\n'));
    expect(report).toEqual([
      'a.yaml:4:36  The aliases of this document expand to more than 10000 values (seen "*c"). Repeat less, or split the file.',
    ]);
  });

  it('refuses an alias inside what it repeats, and one of nothing', async () => {
    const { report } = await loadTexts('id: &a\n  - *a\nname: *b\n');
    expect(report).toEqual([
      'a.yaml:2:5  The alias "*a" stands inside what it repeats (seen "*a"). Put "&a" before the value to repeat, further up.',
      'a.yaml:3:7  The alias "*b" repeats something that is not there (seen "*b"). Put "&b" before the value to repeat, further up.',
    ]);
  });

  it('takes aliases that share something', async () => {
    const { capabilities, report } = await loadTexts(
      ['capabilities:', '- { id: a, metadata: &m { abacus_rods: 1 } }', '- { id: b, metadata: *m }', ''].join('\n'),
    );
    expect(report).toEqual([]);
    expect(capabilities.map(({ metadata }) => metadata['abacus_rods'])).toEqual([1, 1]);
  });

  it.each(['__proto__', 'constructor', 'prototype', '"__pr\\u006fto__"'])('refuses the key %s', async (key) => {
    const { capabilities, problems } = await loadTexts(withMetadata(`${key}: { polluted: true }`));
    expect(capabilities).toEqual([]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      line: 4,
      column: 3,
      message: expect.stringMatching(/is not allowed anywhere/),
    });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('refuses merge keys', async () => {
    const { report } = await loadTexts(withMetadata('<<: { abacus_beads: 3 }'));
    expect(report).toEqual([
      'a.yaml:4:3  Merge keys are not part of YAML 1.2 (seen "<<"). Write the shared keys into the `metadata` at the top of the file, or repeat them.',
    ]);
  });

  it('refuses a key that stands twice and names both places', async () => {
    const { report } = await loadTexts(withMetadata('abacus_rods: 4'));
    expect(report).toEqual([
      'a.yaml:4:3  The key "abacus_rods" stands twice in the same map, first at line 3, column 3 (seen "abacus_rods"). Delete one of the two.',
    ]);
  });

  it('refuses keys that are maps', async () => {
    expect((await loadTexts(withMetadata('? { a: 1 }', ': 2'))).report).toEqual([
      'a.yaml:4:5  A key must be plain text. Write the key as one word followed by a colon.',
    ]);
  });

  it('refuses unknown tags, which are only a warning to the parser', async () => {
    const { report } = await loadTexts(withMetadata('abacus_notes: !!js/function "x"'));
    expect(report).toEqual([
      'a.yaml:4:17  The tag is unknown or does not fit the value (seen "abacus_notes: !!js/function \\"x\\""). Delete the tag; manifests hold plain values.',
    ]);
  });

  it('refuses directives, YAML 1.1 above all', async () => {
    expect((await loadTexts(`%YAML 1.1\n---\n${withMetadata('abacus_requires_session: yes')}`)).report).toEqual([
      'a.yaml:1:1  Manifests are YAML 1.2 without directives. Delete the line that starts with %.',
    ]);
    expect((await loadTexts(`%YAML 1.2\n---\n${good}`)).report).toEqual([]);
  });

  it.each([
    ['1e400', 'Only finite numbers are allowed'],
    ['.nan', 'Only finite numbers are allowed'],
    ['-.inf', 'Only finite numbers are allowed'],
    ['9007199254740993', 'The number has more digits than can be kept'],
    ['0xFFFFFFFFFFFFFFFF', 'The number has more digits than can be kept'],
  ])('refuses the number %s', async (number, message) => {
    const { problems } = await loadTexts(withMetadata(`abacus_ratio: ${number}`));
    expect(problems).toEqual([expect.objectContaining({ line: 4, column: 17, seen: number, message })]);
  });

  it('keeps big numbers with an exponent, which lose nothing', async () => {
    expect((await loadTexts(`${good}input: { maximum: 1.5e300 }\n`)).report).toEqual([]);
  });

  it('refuses bytes that are not UTF-8 and control characters', async () => {
    expect((await loadTexts({ 'a.yaml': new Uint8Array([0x69, 0xff, 0xfe]) })).report).toEqual([
      'a.yaml:1:1  The file is not UTF-8. Save it as UTF-8 text.',
    ]);
    expect((await loadTexts('id: a\nname: x\u0000\n')).report).toEqual([
      'a.yaml:2:8  The file holds a control character. Save it as plain text.',
    ]);
  });

  it.each([
    ['name', 'a\\u200Bb', 'U+200B'],
    ['description', 'a\\u202Eb', 'U+202E'],
    ['description', 'a\\u0007b', 'U+0007'],
    ['id', 'a\\u2066b', 'U+2066'],
    ['name', 'a\\U000E0041b', 'U+E0041'],
    ['name', 'a\\uFE0Fb', 'U+FE0F'],
  ])('refuses hidden characters in a %s', async (key, value, character) => {
    const { problems } = await loadTexts(
      `metadata: { abacus_rods: 1 }\n${key}: "${value}"\n${key === 'id' ? '' : 'id: x\n'}`,
    );
    expect(problems).toEqual([
      expect.objectContaining({ line: 2, message: `"${key}" holds a character that cannot be seen (${character})` }),
    ]);
    expect(problems[0]).not.toHaveProperty('seen');
  });

  it('refuses hidden characters in the descriptions of an input, where only a model would read them', async () => {
    const text = `${good}input: { properties: { x: { description: "a\\u200Db" } } }\n`;
    expect((await loadTexts(text)).problems).toEqual([expect.objectContaining({ line: 4, column: 42 })]);
  });

  it('leaves line breaks, accents and emoji alone', async () => {
    const { report } = await loadTexts(`${good}name: "Zählwerk ❤️ 算盤"\ndescription: |\n  one\n  \ttwo\n`);
    expect(report).toEqual([]);
  });

  it('refuses links that lead out of the folder, and follows those inside', async () => {
    await using outside = await temporaryFolder({ 'secret.yaml': withMetadata(), 'inner/other.yaml': withMetadata() });
    await using folder = await temporaryFolder({ 'real/one.yaml': good });
    await symlink(join(outside.path, 'secret.yaml'), join(folder.path, 'leaks.yaml'));
    await symlink(join(outside.path, 'inner'), join(folder.path, 'leaky-folder'));
    await symlink(join(folder.path, 'real'), join(folder.path, 'alias'));
    await symlink(folder.path, join(folder.path, 'real', 'around'));
    await symlink(join(folder.path, 'nowhere'), join(folder.path, 'dangling'));
    const { capabilities, problems } = await testLoader().load(folder.path);
    expect(capabilities.map(({ id }) => id)).toEqual(['abacus.add']);
    expect(problems.map(({ file, message }) => [file.slice(folder.path.length + 1), message])).toEqual([
      ['leaks.yaml', 'The link leads out of the folder'],
      ['leaky-folder', 'The link leads out of the folder'],
    ]);
  });
});
