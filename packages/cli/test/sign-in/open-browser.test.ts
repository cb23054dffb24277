import { describe, expect, test } from 'vitest';
import { isPage, openBrowser } from '../../src/sign-in/open-browser.ts';

describe('a page that may be opened', () => {
  test.each(['https://auth.example/authorize?x=1', 'http://127.0.0.1:8080/', 'http://localhost/', 'http://[::1]:1/'])(
    '%s',
    (text) => expect(isPage(new URL(text))).toBe(true),
  );
});

describe('what a server may not make us open', () => {
  test.each([
    'http://auth.example/authorize',
    'http://127.0.0.1.evil.example/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'vscode://extension/run',
    'ms-msdt:/id%20PCWDiagnostic',
  ])('%s', async (text) => {
    expect(isPage(new URL(text))).toBe(false);
    expect(await openBrowser(new URL(text))).toBe(false);
  });
});
