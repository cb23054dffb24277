import { describe, expect, it } from 'vitest';
import { loadTexts, withMetadata } from './load-texts.ts';

describe('the structure of manifests', () => {
  it('is one capability, or several with shared metadata, in one document or several', async () => {
    const { capabilities, report } = await loadTexts(
      `# one\n${withMetadata()}---\n# several\nmetadata: { scale_rods: 1 }\ncapabilities:\n  - id: b\n  # two\n  - effect: read\n    id: c\n---\n`,
    );
    expect(report).toEqual([]);
    expect(capabilities.map(({ id, provider, source: { line, column } }) => [id, provider, line, column])).toEqual([
      ['abacus.add', 'abacus', 2, 1],
      ['b', 'scale', 9, 5],
      ['c', 'scale', 11, 5],
    ]);
  });

  it('gives what is declared and fills in the defaults', async () => {
    const all =
      'kind: prompt\nname: Add\ndescription: Adds.\nversion: "1.0"\ntags: [sum]\neffect: read\npublish: false\ninput: { type: object }\noutput: {}\n';
    const { capabilities } = await loadTexts({
      'a.yaml': withMetadata(),
      'b.yaml': `${withMetadata().replace('add', 'all')}${all}`,
    });
    const [least, most] = capabilities.map(({ source: _source, metadata: _metadata, ...rest }) => rest);
    expect(least).toEqual({ id: 'abacus.add', kind: 'tool', effect: 'once', publish: true, provider: 'abacus' });
    expect(most).toEqual({
      id: 'abacus.all',
      kind: 'prompt',
      name: 'Add',
      description: 'Adds.',
      version: '1.0',
      tags: ['sum'],
      effect: 'read',
      publish: false,
      input: { type: 'object' },
      output: {},
      provider: 'abacus',
    });
    expect(
      capabilities.every((capability) => Object.isFrozen(capability) && Object.isFrozen(capability.metadata)),
    ).toBe(true);
  });

  it.each([
    [
      'effect: writ',
      '4:9  "effect" should be read, idempotent, keyed or once (seen "writ"). Correct the value (What calling twice would do',
    ],
    ['effect: onc', '4:9  "effect" should be read, idempotent, keyed or once (seen "onc"). Did you mean "once"?'],
    ['version: 1.0', '4:10  "version" should be text like "1.0" (seen "1.0"). Put it in quotes.'],
    ['publish: no', '4:10  "publish" should be true or false (seen "no").'],
    ['tags: sum', '4:7  "tags" should be a list (seen "sum").'],
    ['tags: [sum, 5]', '4:13  An item of "tags" should be text (seen "5"). Put it in quotes.'],
    ['description:', '4:13  "description" should be text'],
    ['input: [1]', '4:8  "input" should be a map'],
    [
      'descripton: x',
      '4:1  "descripton" is not a key that is known here (seen "descripton"). Did you mean "description"?',
    ],
    [
      'capability: x',
      '4:1  "capability" is not a key that is known here (seen "capability"). Known: description, effect, id,',
    ],
  ])('is checked: %s', async (line, expected) => {
    const { report } = await loadTexts(`${withMetadata()}${line}\n`);
    expect(report).toEqual([expect.stringContaining(`a.yaml:${expected}`)]);
  });

  it.each([
    ['metadata: { abacus_rods: 1 }', '1:1  This is neither a capability nor a list of capabilities.'],
    ['- id: a', '1:1  This is neither a capability nor a list of capabilities.'],
    ['just text', '1:1  This is neither a capability nor a list of capabilities (seen "just text").'],
    ['id: a b\nmetadata: { abacus_rods: 1 }', '1:5  "id" should be text like "weather.forecast.today" (seen "a b").'],
    [
      'id: 5\nmetadata: { abacus_rods: 1 }',
      '1:5  "id" should be text like "weather.forecast.today" (seen "5"). Put it in quotes.',
    ],
    ['capabilities: {}', '1:15  "capabilities" should be a list.'],
    ['capabilities: [5]', '1:16  An item of "capabilities" should be a map (seen "5").'],
    [
      'id: a\ncapabilities: []',
      '1:1  "id" is not a key that is known here (seen "id"). Known: capabilities, metadata.',
    ],
    [
      'capabilities:\n  - metadata: { abacus_rods: 1 }',
      '2:5  "id" is missing. Add "id": text like "weather.forecast.today" (Unique',
    ],
    ['id: a\nmetadata: [1]', '2:11  "metadata" should be a map.'],
    ['id: a\nmetadata: { abacus_rods: 1, "two words": 1 }', '2:29  "two words" cannot be a key here'],
    [
      'id: a\nmetadata: { abacus: { rods: 1, user: null } }',
      '2:38  "user" should be text, a number, true or false, a list or a map (seen "null").',
    ],
    [
      'id: a\nmetadata: { abacus_rods: 1, abacus_notes: ["a\\nb"] }',
      '2:44  An item of "abacus_notes" should be text, a number or true or false like "text on one line"',
    ],
    ['id: a\nmetadata: { abacus_rods: 1, abacus_notes: [[1]] }', '2:44  An item of "abacus_notes" should be text'],
  ])('is checked: %j', async (text, expected) => {
    const { report } = await loadTexts(text);
    expect(report).toEqual([expect.stringContaining(`a.yaml:${expected}`)]);
  });

  it.each([
    ['name: "x', '5:1  A closing bracket, quote, comma or space is missing'],
    ['name: a: b', '4:7  A key follows a key on one line (seen "name: a: b").'],
    ['name: @x', '4:7  A text cannot start with this character (seen "name: @x").'],
    ['\tname: x', '4:1  '],
    ['name: "\\q"', '4:8  Unknown escape in double quotes'],
  ])('is YAML: %j', async (line, expected) => {
    const { report } = await loadTexts(`${withMetadata()}${line}\n`);
    expect(report[0]).toContain(`a.yaml:${expected}`);
  });

  it('is reported in all documents of a file at once', async () => {
    const { capabilities, problems } = await loadTexts(
      `${withMetadata('abacus_beads: 0')}effect: x\nname: 5\n---\nid: [\n---\nid: b\nmetadata: { abacus_beds: 1 }\n`,
    );
    expect(capabilities).toEqual([]);
    const places = new Set(problems.map(({ line }) => line));
    expect([...places]).toEqual(expect.arrayContaining([4, 5, 6, 9, 11]));
  });

  it('does not quote a line that may hold a credential', async () => {
    const { problems } = await loadTexts(`${withMetadata('abacus_password: hunter2: x')}`);
    expect(problems.length).toBeGreaterThan(0);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });
});
