import { execFileSync } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { formatProblem, type Manifest } from '@capstan/runtime';
import { describe, expect, it } from 'vitest';
import { inFolder, loadTexts, temporaryFolder, testLoader, withMetadata } from './load-texts.ts';

const capability = (id: string, ...lines: string[]): string => withMetadata(...lines).replace('abacus.add', id);

describe('ManifestLoader', () => {
  it('reads a folder with its folders, sorted by path, without hidden ones and other files', async () => {
    await using folder = await temporaryFolder({
      'b.yaml': capability('b'),
      'a/z.yml': capability('a.z'),
      'a.yaml': capability('a'),
      'B.yaml': capability('B'),
      'a/.hidden/x.yaml': 'no: [',
      '.hidden.yaml': 'no: [',
      'node_modules/x/y.yaml': 'no: [',
      'readme.md': 'no: [',
    });
    const { capabilities, files, problems } = await testLoader().load(folder.path);
    expect(problems).toEqual([]);
    expect(capabilities.map(({ id }) => id)).toEqual(['B', 'a', 'a.z', 'b']);
    expect(files).toEqual(['B.yaml', 'a.yaml', 'a/z.yml', 'b.yaml'].map((name) => join(folder.path, name)));
    expect(capabilities[0]?.source).toEqual({ file: join(folder.path, 'B.yaml'), line: 1, column: 1 });
  });

  it('reads several paths, each file once, whatever its ending', async () => {
    await using folder = await temporaryFolder({ 'a.yaml': capability('a'), 'b.txt': capability('b') });
    await symlink(join(folder.path, 'a.yaml'), join(folder.path, 'c.yaml'));
    const { capabilities, problems } = await testLoader().load([
      join(folder.path, 'b.txt'),
      folder.path,
      join(folder.path, 'a.yaml'),
    ]);
    expect(problems).toEqual([]);
    expect(capabilities.map(({ id }) => id)).toEqual(['b', 'a']);
  });

  it('keeps the good files where others are bad', async () => {
    const { capabilities, problems } = await loadTexts({
      'bad.yaml': `capabilities:\n- { id: fine, metadata: { abacus_rods: 1 } }\n- { id: wrong, metadata: { abacus_rods: 0 } }\n`,
      'good.yaml': capability('good'),
      'worse.yaml': 'id: [',
    });
    expect(capabilities.map(({ id }) => id)).toEqual(['good']);
    expect(new Set(problems.map(({ file }) => file))).toEqual(new Set(['bad.yaml', 'worse.yaml']));
  });

  it('reports an id that is declared twice at the later place, naming the other', async () => {
    const { capabilities, report } = await loadTexts({
      'a.yaml': capability('same'),
      'b.yaml': `capabilities:\n  - id: other\n    metadata: { abacus_rods: 1 }\n  - id: same\n    metadata: { abacus_rods: 1 }\n`,
      'c.yaml': capability('other'),
    });
    expect(capabilities.map(({ id }) => id)).toEqual(['same']);
    expect(report).toEqual([
      'b.yaml:4:5  The id "same" is declared twice, also at a.yaml:1:1 (seen "same"). Give one of the two another id, or delete it.',
      'c.yaml:1:1  The id "other" is declared twice, also at b.yaml:2:5 (seen "other"). Give one of the two another id, or delete it.',
    ]);
  });

  it('lets a bad file hide no good one with the same id', async () => {
    const { capabilities, problems } = await loadTexts({
      'a.yaml': capability('same', 'abacus_beads: 0'),
      'b.yaml': capability('same'),
    });
    expect(capabilities.map(({ id, source }) => [id, source.file.endsWith('b.yaml')])).toEqual([['same', true]]);
    expect(problems.map(({ file, line }) => [file, line])).toEqual([
      ['a.yaml', 4],
      ['a.yaml', 1],
    ]);
  });

  it('reports a path that is not there, and goes on', async () => {
    await using folder = await temporaryFolder({ 'a.yaml': capability('a') });
    const { capabilities, problems } = await testLoader().load([join(folder.path, 'nowhere'), folder.path]);
    expect(capabilities).toHaveLength(1);
    expect(problems.map((problem) => formatProblem(inFolder(problem, folder.path)))).toEqual([
      `nowhere:1:1  There is no such file or folder. Check the path; the working directory is ${process.cwd()}.`,
    ]);
  });

  it('warns of a folder without manifests and of a file without capabilities', async () => {
    const warning = { severity: 'warning', line: 1, column: 1 };
    const { problems } = await loadTexts({ 'empty.yaml': '# nothing\n---\n', 'none.yaml': 'capabilities: []\n' });
    expect(problems).toEqual(['empty.yaml', 'none.yaml'].map((file) => expect.objectContaining({ ...warning, file })));
    expect((await loadTexts({})).problems).toEqual([
      expect.objectContaining({ ...warning, message: 'The folder holds no manifests' }),
    ]);
  });

  it.skipIf(process.platform === 'win32')('refuses a named pipe without waiting for its other end', async () => {
    await using folder = await temporaryFolder();
    execFileSync('/usr/bin/env', ['mkfifo', join(folder.path, 'pipe.yaml')]);
    const { problems } = await testLoader().load(join(folder.path, 'pipe.yaml'));
    expect(problems).toEqual([expect.objectContaining({ message: 'It is not a regular file' })]);
  });

  it('names files by their way from the working directory where they lie in it', async () => {
    const { problems } = await testLoader().load(join(process.cwd(), 'nowhere', 'x.yaml'));
    expect(problems[0]?.file).toBe('nowhere/x.yaml');
    await using folder = await temporaryFolder();
    const outside = join(folder.path, 'x.yaml');
    expect((await testLoader().load(relative(process.cwd(), outside))).problems[0]?.file).toBe(outside);
  });

  it('gives the same capabilities again while a file is unchanged, and new ones when it changed or was moved', async () => {
    await using folder = await temporaryFolder({ 'a.yaml': capability('a'), 'b.yaml': capability('b') });
    const loader = testLoader();
    const first = await loader.load(folder.path);
    await writeFile(join(folder.path, 'b.yaml'), capability('b', 'abacus_beads: 3'));
    const second = await loader.load(folder.path);
    expect(second.capabilities[0]).toBe(first.capabilities[0]);
    expect(second.capabilities[1]?.metadata['abacus_beads']).toBe(3);
    await rm(join(folder.path, 'a.yaml'));
    await mkdir(join(folder.path, 'c'));
    await writeFile(join(folder.path, 'c', 'a.yaml'), capability('a'));
    const third = await loader.load(folder.path);
    expect(third.capabilities.map(({ id, source }) => [id, source.file])).toEqual([
      ['b', join(folder.path, 'b.yaml')],
      ['a', join(folder.path, 'c', 'a.yaml')],
    ]);
  });

  it('reports the problems of an unchanged file again', async () => {
    await using folder = await temporaryFolder({
      'a.yaml': capability('a', 'abacus_beads: 0'),
      'b.yaml': capability('a'),
    });
    const loader = testLoader();
    const first = await loader.load(folder.path);
    expect(first.problems).toHaveLength(2);
    expect(await loader.load(folder.path)).toEqual(first);
  });

  it('applies overrides anew where a variable changed since', async () => {
    await using folder = await temporaryFolder({ 'a.yaml': capability('a', 'abacus_beads_override_env_var: BEADS') });
    const environment: Record<string, string> = {};
    const loader = testLoader(environment);
    const beads = async (): Promise<unknown> =>
      (await loader.load(folder.path)).capabilities[0]?.metadata['abacus_beads'];
    expect(await beads()).toBe(10);
    environment['BEADS'] = '4';
    expect(await beads()).toBe(4);
    environment['BEADS'] = '5';
    expect(await beads()).toBe(5);
  });

  it('takes manifests that are already parsed, and says where in them a problem is', async () => {
    const manifests: Manifest[] = [
      { id: 'a', metadata: { abacus: { rods: 1 } } },
      { metadata: { abacus_rods: 1 }, capabilities: [{ id: 'b' }, { id: 'c', metadata: { abacus_beads: 0 } }] },
      { id: 'a', metadata: { scale_rods: 2 } },
    ];
    const { capabilities, problems, files } = await testLoader().load(manifests);
    expect(files).toEqual([]);
    expect(capabilities.map(({ id, source }) => [id, source])).toEqual([
      ['a', { file: 'manifests[0]', line: 1, column: 1 }],
    ]);
    expect(problems.map(formatProblem)).toEqual([
      'manifests[1].capabilities[1].metadata.abacus_beads:1:1  "abacus_beads" should be a whole number from 1 to 20 (seen "0"). Correct the value (Beads on a rod).',
      'manifests[2]:1:1  The id "a" is declared twice, also at manifests[0]:1:1 (seen "a"). Give one of the two another id, or delete it.',
    ]);
  });

  it('refuses in objects what it refuses in files', async () => {
    const round: Record<string, unknown> = { id: 'round' };
    round['input'] = { round };
    let deep: object = {};
    for (let level = 0; level < 40; level++) deep = { deep };
    const hostile = [
      round,
      { id: 'deep', input: deep },
      JSON.parse('{"id":"a","metadata":{"__proto__":{"polluted":1}}}'),
      { id: 'b', input: { at: new Date() } },
      { id: 'c', input: { count: Number.NaN } },
      { id: 'd', name: 'a\u200Bb' },
      null,
      5,
    ] as unknown as Manifest[];
    const { capabilities, problems } = await testLoader().load(hostile);
    expect(capabilities).toEqual([]);
    expect(new Set(problems.map(({ file }) => /^manifests\[\d\]/.exec(file)?.[0]))).toEqual(
      new Set(hostile.map((_, index) => `manifests[${index}]`)),
    );
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});
