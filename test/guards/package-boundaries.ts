import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix } from 'node:path';
import { filesUnder, type WorkspacePackage, workspacePackages } from './workspace.ts';

/** Which package's sources may import which, from top to bottom. The contract stands at the end: everybody speaks it. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  cli: [
    'gateway',
    'conversation',
    'provider-testkit',
    'runtime',
    'provider-mcp',
    'provider-graphql',
    'provider-http',
    'http-egress',
    'provider',
  ],
  gateway: ['runtime', 'http-egress', 'provider'],
  conversation: ['runtime', 'http-egress', 'provider'],
  'provider-testkit': ['runtime', 'provider'],
  runtime: ['provider'],
  'provider-mcp': ['http-egress', 'provider'],
  'provider-graphql': ['http-egress', 'provider'],
  'provider-http': ['http-egress', 'provider'],
  'http-egress': ['provider'],
  provider: [],
};

/** These stay behind one file, so that nobody else depends on how the container works. */
const containerFile = 'packages/runtime/src/container.ts';
const containerPackages = new Set(['tsyringe', 'reflect-metadata']);

const importForms: readonly RegExp[] = [
  /^[ \t]*(?:import|export)\b[^;'"]*?\bfrom\s*['"]([^'"]+)['"]/gm,
  /^[ \t]*import\s*['"]([^'"]+)['"]/gm,
  /\b(?:import|require|require\.resolve|import\.meta\.resolve)\(\s*['"]([^'"]+)['"]/g,
];

const importsOf = (root: string, path: string): readonly string[] => {
  const text = readFileSync(join(root, path), 'utf8');
  return importForms.flatMap((form) => [...text.matchAll(form)].map(([, specifier = '']) => specifier));
};

const packageNameOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

const folderOf = (name: string): string | undefined => /^@capstan\/(.+)$/.exec(name)?.[1];

const checkDependencies = ({ folder, manifest }: WorkspacePackage): readonly string[] => {
  const allowed = mayImport[folder];
  if (allowed === undefined) return [`packages/${folder} is not in the table of packages`];
  const shipped = { ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies };
  return Object.keys(shipped).flatMap((name) => {
    const target = folderOf(name);
    if (target !== undefined && !allowed.includes(target))
      return [`packages/${folder}/package.json depends on ${name}, which is not below it`];
    return containerPackages.has(name) && folder !== 'runtime'
      ? [`packages/${folder}/package.json depends on ${name}: only the runtime may`]
      : [];
  });
};

const checkSourceImport = (
  { folder, manifest }: WorkspacePackage,
  path: string,
  specifier: string,
): string | undefined => {
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(path), specifier);
    return target.startsWith(`packages/${folder}/src/`)
      ? undefined
      : `${path} reaches out of its sources: ${specifier}`;
  }
  const name = packageNameOf(specifier);
  if (isBuiltin(specifier)) return undefined;
  const target = folderOf(name);
  if (target !== undefined && !mayImport[folder]?.includes(target))
    return `${path} imports ${name}, which is not below it`;
  const shipped = { ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies };
  return name in shipped ? undefined : `${path} imports ${name}, which package.json does not ship with it`;
};

const checkFile = (root: string, owner: WorkspacePackage, path: string): readonly string[] =>
  importsOf(root, path).flatMap((specifier) => {
    if (containerPackages.has(packageNameOf(specifier)) && path !== containerFile)
      return [`${path} imports ${specifier}: only ${containerFile} may`];
    const isSource = path.startsWith(`packages/${owner.folder}/src/`);
    const problem = isSource ? checkSourceImport(owner, path, specifier) : undefined;
    return problem === undefined ? [] : [problem];
  });

/** Every dependency or import that does not point down the table, as sentences. Tests may import more than sources. */
export const findBoundaryViolations = (root: string): readonly string[] =>
  workspacePackages(root).flatMap((owner) => [
    ...checkDependencies(owner),
    ...filesUnder(root, `packages/${owner.folder}`)
      .filter((path) => /\.[cm]?[jt]s$/.test(path))
      .flatMap((path) => checkFile(root, owner, path)),
  ]);
