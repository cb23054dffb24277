import { CapstanError } from '@capstan/provider';
import { ManifestLoader, ProviderRegistry } from '@capstan/runtime';
import { describe, expect, it } from 'vitest';
import { abacusProvider } from './abacus-provider.ts';
import { loadTexts, metadataOf, withMetadata } from './load-texts.ts';

describe('the metadata of a capability', () => {
  it("is the file's with the capability's own over it and the plugin's defaults under it", async () => {
    const text = [
      'metadata:',
      '  abacus: { beads: 5, rods: 3, color: black }',
      '  team: blue',
      'capabilities:',
      '  - id: a',
      '    metadata: { abacus_beads: 7, abacus: { notes: [one, two] } }',
      '',
    ];
    expect(await metadataOf(text.join('\n'))).toEqual({
      abacus_beads: 7,
      abacus_rods: 3,
      abacus_color: 'black',
      abacus_notes: 'one\ntwo',
      abacus_requires_session: 'auto',
      team: 'blue',
    });
  });

  it('reports a key said twice with different values at the second place, naming the first', async () => {
    expect((await loadTexts(withMetadata('abacus:', '  rods: 4'))).report).toEqual([
      'a.yaml:5:5  "abacus_rods" has another value at line 3, column 3 (seen "abacus_rods"). Say it once.',
    ]);
  });

  it('has a bounded number of keys', async () => {
    const { report } = await loadTexts(withMetadata(...Array.from({ length: 128 }, (_, index) => `note${index}: 1`)));
    expect(report[0]).toBe(
      'a.yaml:2:1  The metadata has more than 128 keys (seen "metadata"). Keep what the provider and the runtime need.',
    );
  });
});

describe('the provider of a capability', () => {
  it('is the owner of the prefix, or what the manifest says', async () => {
    const both = 'metadata: { abacus_rods: 1, scale_rods: 1 }\n';
    expect((await loadTexts(`id: a\n${both}provider: scale\n`)).capabilities[0]?.provider).toBe('scale');
    expect((await loadTexts('id: a\nmetadata: { scale_rods: 1 }\n')).capabilities[0]?.provider).toBe('scale');
    const { problems } = await loadTexts(`id: a\n${both}`);
    expect(problems).toEqual([
      expect.objectContaining({
        line: 1,
        column: 1,
        code: 'PROVIDER_AMBIGUOUS',
        message: expect.stringMatching(/Known prefixes: abacus, scale$/),
      }),
    ]);
  });

  it('is asked for where nothing says it, listing the prefixes', async () => {
    const { problems } = await loadTexts('id: a\nmetadata: { team: blue }\n');
    expect(problems).toEqual([
      expect.objectContaining({
        line: 1,
        column: 1,
        code: 'PROVIDER_UNDETECTED',
        message: 'No provider plugin owns any of the metadata keys. Known prefixes: abacus, scale',
      }),
    ]);
  });

  it('is reported at its place where it is unknown', async () => {
    const { problems } = await loadTexts('id: a\nprovider: abakus\n');
    expect(problems).toEqual([
      expect.objectContaining({ line: 2, column: 11, seen: 'abakus', code: 'PROVIDER_UNDETECTED' }),
    ]);
  });
});

describe('metadata keys', () => {
  it.each([
    [
      'abacus_baeds: 3',
      'a.yaml:4:3  "abacus_baeds" is not a key that the provider "abacus" knows (seen "abacus_baeds"). Did you mean "abacus_beads"',
    ],
    [
      'scale_colour: red',
      'a.yaml:4:3  "scale_colour" is not a key that the provider "scale" knows (seen "scale_colour"). Did you mean "scale_color"',
    ],
    [
      'session_scop: call',
      'a.yaml:4:3  "session_scop" is not a key that the runtime knows (seen "session_scop"). Did you mean "session_scope"',
    ],
    [
      'call_timeout: 5',
      'a.yaml:4:3  "call_timeout" is not a key that the runtime knows (seen "call_timeout"). Did you mean "call_timeout_ms"',
    ],
    [
      'abacus: { baeds: 3 }',
      'a.yaml:4:13  "abacus_baeds" is not a key that the provider "abacus" knows (seen "abacus_baeds"). Did you mean "abacus_beads"',
    ],
    [
      'abacus_baeds_override_env_var: X',
      'a.yaml:4:3  "abacus_baeds_override_env_var" is not a key that the provider "abacus" knows',
    ],
    [
      'abcus_beads: 3',
      'a.yaml:4:3  No provider plugin owns the prefix "abcus" of "abcus_beads" (seen "abcus_beads"). Did you mean "abacus_beads"?',
    ],
    [
      'ABACUS_beads: 3',
      'a.yaml:4:3  No provider plugin owns the prefix "ABACUS" of "ABACUS_beads" (seen "ABACUS_beads"). Did you mean "abacus_beads"?',
    ],
    [
      'abacus-beads: 3',
      'a.yaml:4:3  No provider plugin owns the prefix "abacus" of "abacus-beads" (seen "abacus-beads"). Did you mean "abacus_beads"?',
    ],
    [
      'sesion_scope: call',
      'a.yaml:4:3  No provider plugin owns the prefix "sesion" of "sesion_scope" (seen "sesion_scope"). Did you mean "session_scope"?',
    ],
    [
      'sacle_rods: 3',
      'a.yaml:4:3  No provider plugin owns the prefix "sacle" of "sacle_rods" (seen "sacle_rods"). Did you mean "scale_rods"?',
    ],
    [
      'abacus: 3',
      'a.yaml:4:3  "abacus" is a prefix, not a key (seen "abacus"). Write "abacus_…", or a map of keys under "abacus:".',
    ],
  ])('refuses %s', async (line, start) => {
    const { report } = await loadTexts(`${withMetadata(line)}provider: abacus\n`);
    expect(report).toHaveLength(1);
    expect(report[0]).toContain(start);
  });

  it('lets annotations, patterns and the keys for every provider pass', async () => {
    const metadata = await metadataOf(
      withMetadata(
        'team: blue',
        'docs_url: http://wiki.example',
        'abacus_label_front: x',
        'abacus_allow_insecure: true',
        'owner_override_env_var: OWNER',
      ),
    );
    expect(metadata).toMatchObject({ team: 'blue', docs_url: 'http://wiki.example', abacus_label_front: 'x' });
  });
});

describe('overrides', () => {
  it('replace a value by that of the variable, in the type that the schema wants', async () => {
    const text = withMetadata(
      'abacus_beads_override_env_var: BEADS',
      'abacus: { requires_session_override_env_var: SESSION }',
      'session_max_sessions_override_env_var: MOST',
      'team_override_env_var: TEAM',
    );
    expect(await metadataOf(text, { BEADS: '4', SESSION: 'false', MOST: '2', TEAM: '7' })).toMatchObject({
      abacus_beads: 4,
      abacus_requires_session: false,
      session_max_sessions: 2,
      team: '7',
    });
  });

  it('change nothing where the variable is not set or empty', async () => {
    expect(await metadataOf(withMetadata('abacus_beads_override_env_var: BEADS'), { BEADS: '' })).toMatchObject({
      abacus_beads: 10,
    });
  });

  it('are validated like what they replace, at their own place, naming the variable and hiding its value', async () => {
    const text = withMetadata('abacus_beads_override_env_var: BEADS', 'abacus_server_url_override_env_var: PLACE');
    const { report, problems } = await loadTexts(text.replace('  abacus_rods: 3\n', ''), {
      BEADS: 'many',
      PLACE: 'http://abacus.example',
    });
    expect(report).toEqual([
      'a.yaml:3:34  "abacus_beads" should be a whole number from 1 to 20; its value comes from the variable BEADS. Correct the value (Beads on a rod).',
      'a.yaml:4:39  "abacus_server_url" is not encrypted and leads beyond this machine; its value comes from the variable PLACE. Use https, or add "abacus_allow_insecure: true" if the network between is trusted.',
    ]);
    expect(JSON.stringify(problems)).not.toMatch(/many|abacus\.example/);
  });

  it('do not exist for the names of variables', async () => {
    const { report } = await loadTexts(withMetadata('abacus_auth_env_var_override_env_var: X'), { X: 'Y' });
    expect(report).toEqual([
      'a.yaml:4:41  "abacus_auth_env_var_override_env_var" would override the name of a variable (seen "abacus_auth_env_var_override_env_var"). Delete it, and set the variable itself to another value.',
    ]);
  });
});

describe("a plugin's schema", () => {
  it.each([
    [
      ['abacus_beads: 21'],
      ['4:17  "abacus_beads" should be a whole number from 1 to 20 (seen "21"). Correct the value (Beads on a rod).'],
    ],
    [['abacus_notes: 1.10'], ['4:17  "abacus_notes" should be text (seen "1.10"). Put it in quotes.']],
    [['abacus_color: blak'], ['4:17  "abacus_color" should be red or black (seen "blak"). Did you mean "black"?']],
    [['abacus_group: g'], ['1:1  "abacus_user" is missing, which "abacus_group" needs. Add "abacus_user": text.']],
    [
      ['abacus_kind: own', 'abacus_requires_session: false'],
      ['5:28  "abacus_requires_session" should be auto or true (seen "false"). Correct the value.'],
    ],
    [
      ['abacus_kind: own', 'abacus_requires_session: "false"'],
      ['5:28  "abacus_requires_session" should be auto or true (seen "\\"false\\""). Correct the value.'],
    ],
    [
      ['abacus_kind: own', 'abacus_user: me'],
      ['1:1  "abacus_user" is not allowed with these values. An abacus of one’s own has no user.'],
    ],
    [
      ['abacus_server_url: https://abacus.example'],
      ['1:1  The metadata has more than one of "abacus_server_url" and "abacus_rods". Give exactly one of them.'],
    ],
    [['abacus_label_front: 1'], ['4:23  "abacus_label_front" should be text (seen "1"). Put it in quotes.']],
  ])('says of %j where, what and how to mend it', async (lines, expected) => {
    const { report } = await loadTexts(withMetadata(...lines));
    expect(report).toEqual(expected.map((line) => `a.yaml:${line}`));
  });

  it('takes a required session as text for what it means', async () => {
    expect(await metadataOf(withMetadata('abacus_kind: own', 'abacus_requires_session: "true"'))).toMatchObject({
      abacus_requires_session: 'true',
    });
  });

  it('says at the capability what is missing, and everything at once', async () => {
    const { report } = await loadTexts(
      'capabilities:\n  - id: a\n    metadata:\n      abacus_beads: 0\n      abacus_user: 5\n',
    );
    expect(report).toEqual([
      'a.yaml:2:5  The metadata has none of "abacus_server_url" and "abacus_rods". Give exactly one of them.',
      'a.yaml:4:21  "abacus_beads" should be a whole number from 1 to 20 (seen "0"). Correct the value (Beads on a rod).',
      'a.yaml:5:20  "abacus_user" should be text (seen "5"). Put it in quotes.',
    ]);
  });

  it('reports a mistake in shared metadata once, where it stands', async () => {
    const { report } = await loadTexts('metadata: { abacus_rods: 0 }\ncapabilities:\n  - id: a\n  - id: b\n');
    expect(report).toEqual([
      'a.yaml:1:26  "abacus_rods" should be a whole number, at least 1 (seen "0"). Correct the value (Rods, where the abacus is built for the call).',
    ]);
  });

  it('rejects loading where it cannot be compiled', async () => {
    const broken = { ...abacusProvider(), metadataSchema: { $ref: '#/nowhere' } };
    const loading = new ManifestLoader(new ProviderRegistry([broken]), {}).load([]);
    await expect(loading).rejects.toSatisfy(
      (error) => CapstanError.isInstance(error) && error.code === 'MANIFEST_INVALID',
    );
  });
});
