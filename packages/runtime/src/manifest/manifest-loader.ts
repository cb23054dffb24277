import { setImmediate } from 'node:timers/promises';
import type { Capability } from '@capstan/provider';
import type { ProviderRegistry } from '../provider-registry.ts';
import type { Manifest } from './manifest.ts';
import { type DeclaredId, ManifestCompiler } from './manifest-compiler.ts';
import { complain, displayPath, findManifestFiles, type ManifestFile } from './manifest-files.ts';
import type { ManifestProblem } from './manifest-problem.ts';
import { EnvironmentReader } from './metadata-overrides.ts';
import { parseDocuments } from './parse-documents.ts';
import { checkPlainValue, PlainPlaces } from './plain-values.ts';
import { ProblemReport } from './problem-report.ts';
import { decodeManifest, type ManifestContent, readManifest } from './read-manifest.ts';

export interface LoadedManifests {
  readonly capabilities: readonly Capability[];
  /** By manifest, in the order of loading; within one by place. */
  readonly problems: readonly ManifestProblem[];
  /** Absolute paths of the files that were found, in the order of loading. */
  readonly files: readonly string[];
}

/** What one file or object came to, before others were looked at. */
interface ManifestResult {
  readonly capabilities: readonly Capability[];
  readonly declaredIds: readonly DeclaredId[];
  readonly report: ProblemReport;
}

interface CachedResult extends ManifestResult {
  readonly hash: string;
  /** The path in its problems; depends on the working directory. */
  readonly display: string;
  readonly environment: EnvironmentReader;
}

/**
 * Reads manifests into capabilities. Keeps what the files of the last load came to: a file of unchanged content gives the same
 * `Capability` objects again.
 */
export class ManifestLoader {
  readonly #registry: ProviderRegistry;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  #compiler: ManifestCompiler | undefined;
  #cache: ReadonlyMap<string, CachedResult> = new Map();

  constructor(registry: ProviderRegistry, environment: Readonly<Record<string, string | undefined>>) {
    this.#registry = registry;
    this.#environment = environment;
  }

  /**
   * Never rejects for what stands in a manifest: problems are returned, all at once. A file with an error contributes no capability,
   * the others do. Rejects with `MANIFEST_INVALID` only where a plugin's own `metadataSchema` cannot be compiled.
   */
  async load(manifests: string | readonly string[] | readonly Manifest[]): Promise<LoadedManifests> {
    const items = typeof manifests === 'string' ? [manifests] : manifests;
    const paths: string[] = [];
    const results: ManifestResult[] = [];
    const search = new ProblemReport();
    this.#compiler ??= new ManifestCompiler(this.#registry);
    for (const [index, item] of items.entries()) {
      if (typeof item === 'string') paths.push(item);
      else results.push(this.#compileObject(this.#compiler, `manifests[${index}]`, item));
    }
    const files = await findManifestFiles(paths, search.add);
    const kept = new Map<string, CachedResult>();
    for (const file of files) {
      results.push(await this.#loadFile(this.#compiler, file, kept));
      await setImmediate();
    }
    this.#cache = kept;
    return combine(search, results, files);
  }

  async #loadFile(
    compiler: ManifestCompiler,
    file: ManifestFile,
    kept: Map<string, CachedResult>,
  ): Promise<ManifestResult> {
    const report = new ProblemReport();
    const content = await readManifest(file, report.add);
    if (content === undefined) return { capabilities: [], declaredIds: [], report };
    const display = displayPath(file.path);
    const cached = this.#cache.get(file.path);
    const isCurrent = cached?.hash === content.hash && cached.display === display && !cached.environment.hasChanged;
    const result = isCurrent ? cached : this.#compileFile(compiler, file, content, display, report);
    kept.set(file.path, result);
    return result;
  }

  #compileFile(
    compiler: ManifestCompiler,
    file: ManifestFile,
    content: ManifestContent,
    display: string,
    report: ProblemReport,
  ): CachedResult {
    const environment = new EnvironmentReader(this.#environment);
    const capabilities: Capability[] = [];
    const declaredIds: DeclaredId[] = [];
    const text = decodeManifest(content, file.path, report.add);
    if (text !== undefined) {
      for (const { value, places } of parseDocuments(display, text, report.add)) {
        const compiled = compiler.compile(value, { sourceFile: file.path, places, environment, report: report.add });
        capabilities.push(...compiled.capabilities);
        declaredIds.push(...compiled.declaredIds);
      }
    }
    if (declaredIds.length === 0 && report.problems.length === 0) {
      complain(report.add, file.path, {
        severity: 'warning',
        message: 'The file declares no capability',
        remedy: 'Write one, or delete the file.',
      });
    }
    return { capabilities, declaredIds, report, hash: content.hash, display, environment };
  }

  #compileObject(compiler: ManifestCompiler, name: string, manifest: Manifest): ManifestResult {
    const report = new ProblemReport();
    const places = new PlainPlaces(name, manifest);
    if (!checkPlainValue(manifest, places, report.add)) return { capabilities: [], declaredIds: [], report };
    const environment = new EnvironmentReader(this.#environment);
    return { ...compiler.compile(manifest, { places, environment, report: report.add }), report };
  }
}

/**
 * Puts the results of all manifests together. Of two that declare one id, the later is at fault, or the one that has other errors; so a
 * bad file hides no good one.
 */
function combine(
  search: ProblemReport,
  results: readonly ManifestResult[],
  files: readonly ManifestFile[],
): LoadedManifests {
  const duplicates = new Map<ManifestResult, ProblemReport>();
  const declared = new Map<string, DeclaredId>();
  const goodFirst = [
    ...results.filter(({ report }) => !report.hasErrors),
    ...results.filter(({ report }) => report.hasErrors),
  ];
  for (const result of goodFirst) {
    const report = new ProblemReport();
    duplicates.set(result, report);
    for (const declaration of result.declaredIds) {
      const first = declared.get(declaration.id);
      if (first === undefined) declared.set(declaration.id, declaration);
      else reportDuplicate(report, declaration, first);
    }
  }
  const capabilities: Capability[] = [];
  const problems: ManifestProblem[] = [...search.problems];
  for (const result of results) {
    const own = duplicates.get(result);
    problems.push(...result.report.problems, ...(own?.problems ?? []));
    if (!result.report.hasErrors && own?.hasErrors !== true) capabilities.push(...result.capabilities);
  }
  return { capabilities, problems, files: files.map(({ path }) => path) };
}

function reportDuplicate(report: ProblemReport, { id, source }: DeclaredId, first: DeclaredId): void {
  const { file, line, column } = first.source;
  report.add(
    { ...source, file: displayPath(source.file) },
    {
      message: `The id "${id}" is declared twice, also at ${displayPath(file)}:${line}:${column}`,
      remedy: 'Give one of the two another id, or delete it.',
      seen: id,
    },
  );
}
