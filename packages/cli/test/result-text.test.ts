import { describe, expect, it } from 'vitest';
import { resultText } from '../src/result-text.ts';
import type { Style } from '../src/style.ts';

const file: Style = { paint: (_, text) => text };
const terminal: Style = { ...file, columns: 80 };
const one = { type: 'text', text: 'one' };
const two = { type: 'text', text: 'two' };
const image = { type: 'image', mimeType: 'image/png', data: 'iVBORw0K' };
const resource = { type: 'resource', resource: { uri: 'kiln://pot', mimeType: 'image/png', blob: 'iVBORw0K' } };

describe('resultText', () => {
  it('prints text as it is, and all else as JSON', () => {
    expect(resultText({ output: 'one', content: [one], isError: false }, file)).toBe('one');
    expect(resultText({ output: { n: 1 }, content: [one], isError: false }, file)).toBe('{\n  "n": 1\n}');
  });

  it('prints several texts one after the other', () => {
    const result = { output: [one, two], content: [one, two], isError: false };
    expect(resultText(result, file)).toBe('one\ntwo');
    expect(resultText(result, terminal)).toBe('one\ntwo');
  });

  it('spares a terminal what is no text, and nobody else', () => {
    const content = [one, image, resource];
    const result = { output: content, content, isError: false };
    expect(resultText(result, terminal)).toBe('one\n[image image/png]\n[resource image/png kiln://pot]');
    expect(JSON.parse(resultText(result, file))).toEqual(content);
  });
});
