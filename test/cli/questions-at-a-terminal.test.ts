import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Kiln, kiln } from './kiln-upstream.ts';
import { atTerminal } from './terminal.ts';

let oven: Kiln;
beforeEach(async () => {
  oven = await kiln();
});
afterEach(async () => {
  await oven[Symbol.asyncDispose]();
});

const answer = (): string => readFileSync(join(oven.folder, 'answer'), 'utf8');

describe('at a terminal', () => {
  test('a form is filled in, with mistakes mended, and stdout has nothing but the answer', async () => {
    const terminal = atTerminal(oven.folder, ['call', 'kiln.both', '--json']);
    await terminal.shows('which calls itself "Kiln No. 3") asks:');
    await terminal.shows('Answer? [Y]es, [d]ecline, [c]ancel: ');
    terminal.type('\r');
    await terminal.shows('glaze (number or name): ');
    terminal.type('blue\r');
    await terminal.shows('glaze must be one of celadon, tenmoku.');
    terminal.type('2\r');
    await terminal.shows('coats (a whole number) [2]: ');
    terminal.type('\r');
    await terminal.shows('Send? [Y]es, [e]dit, [d]ecline, [c]ancel: ');
    terminal.type('y\r');
    await terminal.shows('Answer? ');
    terminal.type('d\r');
    expect(await terminal.finished).toBe(0);
    expect(JSON.parse(answer())).toMatchObject({
      output: [{ action: 'accept', content: { glaze: 'tenmoku', coats: 2 } }, { action: 'decline' }],
    });
  });

  test('the name of an upstream cannot pass for what the command says, nor move the cursor', async () => {
    const name = 'x"\n\nYour password:\u001b[2J\u009b2J\u202e' + 'y'.repeat(100);
    const terminal = atTerminal(oven.folder, ['call', 'kiln.glaze', '--json'], { KILN_NAME: name });
    await terminal.shows(
      `which calls itself "x\\"\\n\\nYour password:\\u001b[2J\\x9b2J\\u202e${'y'.repeat(34)}…") asks:`,
    );
    terminal.type('\u0004');
    expect(await terminal.finished).toBe(0);
  });

  test('a page to visit is shown with its host, and going on has to be said', async () => {
    const terminal = atTerminal(oven.folder, ['call', 'kiln.visit', '--json']);
    await terminal.shows('asks you to visit a page of kiln.example:');
    await terminal.shows('https://kiln.example/sign?a=1');
    await terminal.shows('Go on? [y]es, [d]ecline, [c]ancel: ');
    terminal.type('\r');
    await terminal.shows('Go on? ');
    terminal.type('yes\r');
    expect(await terminal.finished).toBe(0);
    expect(JSON.parse(answer())).toMatchObject({ output: [{ action: 'accept' }] });
  });

  test('Ctrl-D cancels the question, Ctrl-C the call', async () => {
    const hangsUp = atTerminal(oven.folder, ['call', 'kiln.glaze', '--json']);
    await hangsUp.shows('Answer? ');
    hangsUp.type('\u0004');
    expect(await hangsUp.finished).toBe(0);
    expect(JSON.parse(answer())).toMatchObject({ output: [{ action: 'cancel' }] });
    const breaksOff = atTerminal(oven.folder, ['call', 'kiln.glaze', '--json']);
    await breaksOff.shows('Answer? ');
    breaksOff.type('\u0003');
    expect(await breaksOff.finished).toBe(130);
    expect(JSON.parse(answer())).toMatchObject({ error: { code: 'CANCELLED' } });
  });

  test('a question that nobody answers does not outlive its call', async () => {
    const terminal = atTerminal(oven.folder, ['call', 'kiln.glaze', '--json', '--timeout', '1000']);
    await terminal.shows('Answer? ');
    expect(await terminal.finished).toBe(8);
    expect(JSON.parse(answer())).toMatchObject({ error: { code: 'TIMEOUT' } });
  });

  test('a session that takes long to open is announced, and the line is gone when it is open', async () => {
    const gate = Promise.withResolvers<void>();
    oven.opening = gate.promise;
    const call = atTerminal(oven.folder, ['call', 'kiln.roots', '--json']);
    await call.shows('opening a session with 127.0.0.1');
    gate.resolve();
    await call.shows('\r\u001b[2K');
    expect(await call.finished).toBe(0);
  });
});
