import type { Capability, Logger } from '@capstan/provider';
import type { LoadedOperation } from './loaded-operation.ts';
import type { OperationSettings } from './operation-settings.ts';
import type { SchemaFiles } from './schema-files.ts';

/** The operations of capabilities, each loaded once. The parser is loaded with the first. */
export class LoadedOperations {
  readonly #logger: Logger;
  readonly #operations = new WeakMap<Capability, Promise<LoadedOperation>>();
  #schemas: Promise<SchemaFiles> | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Rejects with `MANIFEST_INVALID`; the next call looks again. */
  async of(capability: Capability, settings: OperationSettings): Promise<LoadedOperation> {
    const known = this.#operations.get(capability);
    if (known !== undefined) return await known;
    const loading = this.#load(capability, settings);
    this.#operations.set(capability, loading);
    try {
      return await loading;
    } catch (error) {
      this.#operations.delete(capability);
      throw error;
    }
  }

  async #load(capability: Capability, settings: OperationSettings): Promise<LoadedOperation> {
    this.#schemas ??= import('./schema-files.ts').then(({ SchemaFiles: Files }) => new Files());
    const { loadOperation } = await import('./load-operation.ts');
    const operation = await loadOperation(capability, settings, await this.#schemas);
    if (operation.type === 'query' && capability.effect === 'once')
      this.#logger.log('info', 'graphql.query-declared-once', {
        capability: capability.id,
        remedy: 'A query that changes nothing may be repeated: declare effect: read.',
      });
    return operation;
  }
}
