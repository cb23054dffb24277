import { describe, expect, test } from 'vitest';
import { expandTemplate } from '../src/expand-template.ts';
import { capabilityOf, createHarness, failureOf, invocationOf } from './harness.ts';
import { startLegacyServer } from './servers/legacy-server.ts';
import { startModernServer } from './servers/modern-server.ts';

/** RFC 6570 §3.2. */
const variables = {
  count: ['one', 'two', 'three'],
  dom: ['example', 'com'],
  dub: 'me/too',
  hello: 'Hello World!',
  half: '50%',
  var: 'value',
  who: 'fred',
  base: 'http://example.com/home/',
  path: '/foo/bar',
  list: ['red', 'green', 'blue'],
  keys: { semi: ';', dot: '.', comma: ',' },
  v: 6,
  x: 1024,
  y: true,
  empty: '',
  empty_keys: {},
  undef: null,
};

describe('expands the examples of RFC 6570', () => {
  test.each([
    ['{var}', 'value'],
    ['{hello}', 'Hello%20World%21'],
    ['{half}', '50%25'],
    ['O{empty}X', 'OX'],
    ['{x,hello,y}', '1024,Hello%20World%21,true'],
    ['{var:3}', 'val'],
    ['{var:30}', 'value'],
    ['{list}', 'red,green,blue'],
    ['{list*}', 'red,green,blue'],
    ['{keys}', 'semi,%3B,dot,.,comma,%2C'],
    ['{keys*}', 'semi=%3B,dot=.,comma=%2C'],
    ['{+hello}', 'Hello%20World!'],
    ['{+half}', '50%25'],
    ['{base}index', 'http%3A%2F%2Fexample.com%2Fhome%2Findex'],
    ['{+base}index', 'http://example.com/home/index'],
    ['{+path:6}/here', '/foo/b/here'],
    ['{+keys*}', 'semi=;,dot=.,comma=,'],
    ['{#path,x}/here', '#/foo/bar,1024/here'],
    ['{#list}', '#red,green,blue'],
    ['X{.var:3}', 'X.val'],
    ['www{.dom*}', 'www.example.com'],
    ['{/who,dub}', '/fred/me%2Ftoo'],
    ['{/var:1,var}', '/v/value'],
    ['{/list*}', '/red/green/blue'],
    ['{/keys*}', '/semi=%3B/dot=./comma=%2C'],
    ['{;who,empty,v}', ';who=fred;empty;v=6'],
    ['{;list*}', ';list=red;list=green;list=blue'],
    ['{?x,y,empty}', '?x=1024&y=true&empty='],
    ['{?x,y,undef}', '?x=1024&y=true'],
    ['{?undef,empty_keys}', ''],
    ['{?list*}', '?list=red&list=green&list=blue'],
    ['{?keys*}', '?semi=%3B&dot=.&comma=%2C'],
    ['{?keys}', '?keys=semi,%3B,dot,.,comma,%2C'],
    ['?fixed=yes{&x}', '?fixed=yes&x=1024'],
    ['{&var:3}', '&var=val'],
    ['file:///{+path}', 'file:////foo/bar'],
  ])('%s is %s', (template, expected) => {
    expect(expandTemplate(template, variables, 'test')).toBe(expected);
  });
});

test('text beyond ASCII travels as UTF-8, a broken character as a replacement', () => {
  expect(expandTemplate('{a}{+b}', { a: 'ö/\u{1F600}', b: 'ä/%20%\uD800' }, 'test')).toBe(
    '%C3%B6%2F%F0%9F%98%80%C3%A4/%20%25%EF%BF%BD',
  );
});

test('a name that every object has is not a value', () => {
  expect(() => expandTemplate('{constructor}', {}, 'test')).toThrow('constructor');
});

describe.each([
  ['legacy', startLegacyServer],
  ['modern', startModernServer],
] as const)('on a %s server', (_, start) => {
  const template = 'test://{kind}/{+path}{?page}';
  async function read(input: Record<string, string | number>) {
    await using server = await start();
    const { plugin, open } = createHarness();
    const { mcp_tool_name: _tool, ...metadata } = capabilityOf({ mcp_server_url: server.url }).metadata;
    const capability = capabilityOf({}, { metadata: { ...metadata, mcp_resource_template: template } });
    const reading = plugin.executeWithSession(await open(capability), invocationOf(capability, input));
    const outcome = await reading.catch(() => failureOf(plugin, reading));
    return { outcome, reads: server.metas.length };
  }

  test('a template is filled from the input, and the resource read', async () => {
    const { outcome } = await read({ kind: 'note', path: 'a/b c', page: 2 });
    expect(outcome).toMatchObject({ content: [{ resource: { uri: 'test://note/a/b%20c?page=2' } }] });
  });

  test('what a query lacks is left out', async () => {
    const { outcome } = await read({ kind: 'note', path: 'a' });
    expect(outcome).toMatchObject({ content: [{ resource: { uri: 'test://note/a' } }] });
  });

  test('a variable that decides which resource is meant must be there: nothing is sent', async () => {
    const { outcome, reads } = await read({ kind: 'note' });
    expect(outcome).toMatchObject({
      error: { code: 'INPUT_INVALID', details: { problems: [{ path: '/path' }] } },
      verdict: { kind: 'caller', sent: false },
    });
    expect(reads).toBe(0);
  });
});
