import { isDeepStrictEqual } from 'node:util';
import { type Capability, CapstanError, type JsonSchema, type ManifestDraft, type Metadata } from '@capstan/provider';
import { InputValidator } from '../capability/input-validator.ts';
import type { ProviderRegistry } from '../provider-registry.ts';
import { cleanDraft } from './clean-draft.ts';
import { withoutHiddenCharacters } from './hidden-characters.ts';
import { withoutSecrets } from './looks-like-secret.ts';
import type { CapabilityDeclaration } from './manifest.ts';
import { ManifestCompiler } from './manifest-compiler.ts';
import type { ManifestProblem } from './manifest-problem.ts';
import { commentText, declaredMetadata, indented, yamlText } from './manifest-yaml.ts';
import { EnvironmentReader } from './metadata-overrides.ts';
import { type ParsedDocument, parseDocuments } from './parse-documents.ts';
import { ProblemReport } from './problem-report.ts';
import { largestManifestBytes } from './read-manifest.ts';

/** Beyond this an item would leave no room for others in a file. */
const longestItemBytes = 192 * 1024;

/** What marks a comment as one that importing wrote, and may replace. */
export const noteMark = '# Note: ';

/** A draft as it will stand in a manifest. */
export interface PreparedDraft {
  readonly capability: ManifestDraft['capability'];
  /** Of all drafts of its upstream. */
  readonly metadata: Metadata;
  readonly sharedNotes: readonly string[];
  /** What the plugin says of it, then `warnings`. */
  readonly notes: readonly string[];
  /** What had to be changed or left out so that a manifest can hold it. */
  readonly warnings: readonly string[];
  /** The item of a manifest's list, notes above it, from column 0. */
  readonly text: string;
}

/** A draft that no manifest can hold. */
export interface RefusedDraft {
  readonly id: string;
  readonly problem: string;
}

/** Makes drafts into what a manifest can hold and the loader accepts, one by one: a bad one never hides the others. */
export class DraftPreparer {
  readonly #compiler: ManifestCompiler;
  readonly #validator = new InputValidator();

  /** Throws `MANIFEST_INVALID` where a plugin's `metadataSchema` cannot be compiled. */
  constructor(registry: ProviderRegistry) {
    this.#compiler = new ManifestCompiler(registry);
  }

  prepare(draft: ManifestDraft): PreparedDraft | RefusedDraft {
    const { capability: cleaned, warnings } = cleanDraft(draft.capability);
    const found: string[] = [...warnings];
    const capability = this.#withUsableSchemas(cleaned, found);
    const { metadata = {} } = draft;
    const notes = [...(draft.notes ?? []).map(readable), ...found.map(readable)];
    const declaration = declarationOf(capability);
    const text = itemText(declaration, notes);
    const problem = this.#problemOf(declaration, metadata, text);
    if (problem !== undefined) return { id: capability.id, problem };
    return { capability, metadata, sharedNotes: (draft.sharedNotes ?? []).map(readable), notes, warnings: found, text };
  }

  /** What the loader would say of a text, as `file`. */
  check(file: string, text: string): readonly ManifestProblem[] {
    const report = new ProblemReport();
    if (Buffer.byteLength(text) > largestManifestBytes)
      report.add(
        { file, line: 1, column: 1 },
        { message: `The file would be larger than ${largestManifestBytes} bytes`, remedy: 'Split it.', seen: false },
      );
    else this.#compile(file, text, report);
    return report.problems;
  }

  #compile(file: string, text: string, report: ProblemReport): readonly ParsedDocument[] {
    const documents = parseDocuments(file, text, report.add);
    const environment = new EnvironmentReader({});
    for (const { value, places } of documents)
      this.#compiler.compile(value, { places, environment, report: report.add });
    return documents;
  }

  /** A schema that nobody can check by is left out, so that calls go through: the upstream checks them anyway. */
  #withUsableSchemas(given: ManifestDraft['capability'], found: string[]): ManifestDraft['capability'] {
    const { input, output, ...others } = given;
    let kept = others;
    for (const [key, schema] of [['input', input] as const, ['output', output] as const]) {
      if (schema === undefined) continue;
      const reason = this.#reasonAgainst(given, schema);
      if (reason === undefined) kept = { ...kept, [key]: schema };
      else found.push(`its ${key} schema is left out: ${reason}`);
    }
    return kept;
  }

  #reasonAgainst({ id, metadata }: ManifestDraft['capability'], schema: JsonSchema): string | undefined {
    if (Buffer.byteLength(yamlText(schema)) > longestItemBytes / 2) return 'it is too large for a manifest';
    const source = { file: 'import', line: 1, column: 1 };
    const probe: Capability = {
      id,
      kind: 'tool',
      effect: 'once',
      publish: false,
      provider: '',
      metadata,
      source,
      input: schema,
    };
    try {
      this.#validator.verify(probe);
      return undefined;
    } catch (error) {
      if (!CapstanError.isInstance(error)) throw error;
      const { reason } = error.details;
      return `it cannot be compiled (${typeof reason === 'string' ? reason : error.message})`;
    }
  }

  #problemOf(declaration: CapabilityDeclaration, metadata: Metadata, text: string): string | undefined {
    if (Buffer.byteLength(text) > longestItemBytes) return 'it is too large for a manifest';
    const report = new ProblemReport();
    const shared = Object.keys(metadata).length === 0 ? '' : yamlText({ metadata: declaredMetadata(metadata) });
    const [document] = this.#compile('import', `${shared}capabilities:\n${indented(text, 2)}`, report);
    const { capabilities } = (document?.value ?? {}) as { readonly capabilities?: unknown };
    if (!report.hasErrors && !isDeepStrictEqual(capabilities, [declaration]))
      return 'it cannot be written so that it reads the same';
    const errors = report.problems.filter(({ severity }) => severity === 'error');
    return errors.length === 0 ? undefined : errors.map(({ message }) => message).join('; ');
  }
}

/** As it stands in a manifest, defaults left out but for the effect, which somebody should look at. */
export function declarationOf(capability: ManifestDraft['capability']): CapabilityDeclaration {
  const { id, kind, name, description, version, tags, effect, publish, input, output, metadata } = capability;
  return {
    id,
    ...(kind !== 'tool' && { kind }),
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(version !== undefined && { version }),
    ...(tags !== undefined && { tags }),
    effect,
    ...(!publish && { publish }),
    ...(input !== undefined && { input }),
    ...(output !== undefined && { output }),
    metadata: declaredMetadata(metadata),
  };
}

function itemText(declaration: CapabilityDeclaration, notes: readonly string[]): string {
  const comments = notes.map((note) => `${noteMark}${note}\n`).join('');
  return comments + yamlText([declaration]);
}

function readable(note: string): string {
  return withoutSecrets(commentText(withoutHiddenCharacters(note.toWellFormed()).text));
}
