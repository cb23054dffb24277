import { type ProviderPlugin } from '@capstan/provider';
import { ProviderRegistry } from '@capstan/runtime';
import { describe, expect, it } from 'vitest';

const plugin = (prefix: string): ProviderPlugin => ({
  prefix,
  metadataSchema: { type: 'object' },
  sessionKey: () => ({ upstream: [prefix], identity: { kind: 'none' } }),
  initializeSession: async () => ({}),
  executeWithSession: async () => ({ output: null, isError: false }),
  terminateSession: async () => {},
  execute: async () => ({ output: null, isError: false }),
  classifyError: () => ({ kind: 'fatal', sent: false }),
});

const registry = (...prefixes: string[]): ProviderRegistry => new ProviderRegistry(prefixes.map(plugin));

describe('ProviderRegistry', () => {
  it('detects the plugin that owns a prefix of the keys', () => {
    expect(registry('counter', 'weather').detect({ team: 'blue', weather_city: 'Bergen' })).toBe('weather');
  });

  it('takes a whole word for a prefix, never a part of one', () => {
    expect(() => registry('count').detect({ counter_step: 1 })).toThrow(/Known prefixes: count\./);
  });

  it('lists the known prefixes where no plugin owns a key', () => {
    expect(() => registry('weather', 'counter').detect({ team: 'blue' })).toThrow(
      expect.objectContaining({
        code: 'PROVIDER_UNDETECTED',
        details: { keys: ['team'], prefixes: ['counter', 'weather'] },
      }),
    );
  });

  it('refuses to choose between two owners, in any order of keys, unless the manifest says which', () => {
    const both = registry('weather', 'counter');
    for (const metadata of [
      { weather_city: 'x', counter_step: 1 },
      { counter_step: 1, weather_city: 'x' },
    ]) {
      expect(() => both.detect(metadata)).toThrow(
        expect.objectContaining({
          code: 'PROVIDER_AMBIGUOUS',
          message: expect.stringContaining('counter and weather'),
        }),
      );
      expect(both.detect(metadata, 'weather')).toBe('weather');
    }
  });

  it('refuses a declared provider that nobody registered', () => {
    expect(() => registry('counter').detect({ counter_step: 1 }, 'weather')).toThrow(
      expect.objectContaining({ code: 'PROVIDER_UNDETECTED' }),
    );
  });

  it('refuses two plugins with one prefix, and prefixes that keys could not have', () => {
    expect(() => registry('counter', 'counter')).toThrow(expect.objectContaining({ code: 'PROVIDER_AMBIGUOUS' }));
    expect(() => registry('Counter_')).toThrow(expect.objectContaining({ code: 'PROVIDER_UNDETECTED' }));
  });

  it('refuses a plugin that is incomplete, and names all that it lacks', () => {
    const incomplete = { ...plugin('counter'), metadataSchema: null, classifyError: undefined };
    expect(() => new ProviderRegistry([incomplete as unknown as ProviderPlugin])).toThrow(
      expect.objectContaining({
        code: 'PROVIDER_UNDETECTED',
        message: 'The plugin "counter" lacks metadataSchema, classifyError.',
      }),
    );
    const { prefix: _prefix, ...nameless } = plugin('counter');
    expect(() => new ProviderRegistry([nameless as ProviderPlugin])).toThrow('A provider plugin lacks prefix.');
  });

  it.each([
    [{ complete: 'later' }, 'complete must be a function'],
    [{ discoverOptions: [] }, 'discoverOptions must be an object'],
    [{ discover: {} }, 'discover must be a function'],
    [{ getTask: async () => ({}), cancelTask: async () => ({}) }, 'updateTask must be a function'],
    [{ validateSession: true, close: null }, 'validateSession must be a function, close must be a function'],
  ])('refuses one whose abilities are wrongly made: %j', (members, says) => {
    const wrong = { ...plugin('weather'), ...members } as unknown as ProviderPlugin;
    expect(() => new ProviderRegistry([wrong])).toThrow(
      expect.objectContaining({ code: 'PROVIDER_UNDETECTED', message: expect.stringContaining(says) }),
    );
  });
});
