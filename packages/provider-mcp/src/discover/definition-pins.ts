import { CapstanError, type Capability, type JsonObject, type JsonValue, type Logger } from '@capstan/provider';
import type { ToolOperation } from '../mcp-operation.ts';
import type { Asks } from './asks.ts';
import { definitionDigest, digestOf } from './definition-digest.ts';
import { listTools } from './list-offers.ts';
import { untilAborted } from '../until-aborted.ts';

/** What is kept of a definition: its digest, and those of the parts that a manifest repeats. */
interface Fingerprint {
  readonly sha256: string;
  readonly parts: Readonly<Record<ManifestPart, string | undefined>>;
}

type ManifestPart = 'description' | 'input' | 'output';

export interface DefinitionPinsOptions {
  readonly asks: Asks;
  readonly logger: Logger;
  /** The server, for people. */
  readonly where: string;
}

const mostReadings = 4;

/**
 * Holds the tools of one session against what an operator accepted. The server's list is read at the first call of a pinned tool, and
 * again after `forget`.
 */
export class DefinitionPins {
  readonly #asks: Asks;
  readonly #logger: Logger;
  readonly #where: string;
  readonly #ended = new AbortController();
  #catalog: Promise<ReadonlyMap<string, Fingerprint>> | undefined;
  /** Capabilities of whose change was told since the catalog was read. */
  readonly #warned = new Set<string>();

  constructor({ asks, logger, where }: DefinitionPinsOptions) {
    this.#asks = asks;
    this.#logger = logger;
    this.#where = where;
  }

  /**
   * Resolves where the tool is not pinned or as accepted. Rejects with `DEFINITION_CHANGED` where it is not and the manifest says
   * `mcp_drift: fail`; with `warn` a change is logged once. Rejects with the signal's reason, or as the server's list does.
   */
  async check(operation: ToolOperation, capability: Capability, signal: AbortSignal): Promise<void> {
    const { pin, name } = operation;
    if (pin === undefined) return;
    const live = (await untilAborted(this.#readLatest(), signal)).get(name);
    if (live?.sha256 === pin.sha256) return;
    const changed = live === undefined ? undefined : changedParts(live, capability);
    const details = { capability: capability.id, tool: name, server: this.#where, ...(changed && { changed }) };
    if (pin.drift === 'fail') throw new CapstanError('DEFINITION_CHANGED', sentence(details), { details });
    if (this.#warned.has(capability.id)) return;
    this.#warned.add(capability.id);
    this.#logger.log('warning', 'mcp.definition-changed', details);
  }

  /** To be called when the server says that its tools changed. */
  forget(): void {
    this.#catalog = undefined;
    this.#warned.clear();
  }

  /** To be called when the session ends: what is still being read is given up. */
  close(): void {
    this.#ended.abort(new CapstanError('SESSION_LOST', `The session with ${this.#where} has ended.`));
  }

  /** Not one that was being read when the server said that it changed; of a server that says so without end, the last of a few. */
  async #readLatest(): Promise<ReadonlyMap<string, Fingerprint>> {
    for (let left = mostReadings; ; left--) {
      const reading = this.#read();
      const catalog = await reading;
      if (this.#catalog === reading || left === 1) return catalog;
    }
  }

  /** One list for all calls that wait for it; a failure is not kept. */
  #read(): Promise<ReadonlyMap<string, Fingerprint>> {
    if (this.#catalog !== undefined) return this.#catalog;
    const reading = listTools(this.#asks, this.#ended.signal).then(
      ({ offers }) => new Map(offers.map((tool) => [tool.name, fingerprintOf(tool)])),
    );
    this.#catalog = reading;
    reading.catch(() => {
      if (this.#catalog === reading) this.#catalog = undefined;
    });
    return reading;
  }
}

function fingerprintOf(tool: JsonObject): Fingerprint {
  return {
    sha256: definitionDigest(tool),
    parts: {
      description: digestOrNone(tool['description']),
      input: digestOrNone(tool['inputSchema']),
      output: digestOrNone(tool['outputSchema']),
    },
  };
}

function digestOrNone(value: JsonValue | undefined): string | undefined {
  return value === undefined ? undefined : digestOf(value);
}

/** Of what the manifest repeats, the parts that now differ; where none does, it is something that it does not repeat. */
function changedParts({ parts }: Fingerprint, capability: Capability): readonly string[] {
  const names: readonly ManifestPart[] = ['description', 'input', 'output'];
  const changed = names.filter((part) => digestOrNone(capability[part]) !== parts[part]);
  return changed.length > 0 ? changed : ['title or annotations'];
}

function sentence(facts: {
  readonly capability: string;
  readonly tool: string;
  readonly server: string;
  readonly changed?: readonly string[];
}): string {
  const { capability, tool, server, changed } = facts;
  const remedy = `Look at it and accept it with \`capstan accept ${capability}\`.`;
  return changed === undefined
    ? `${capability} was not called: ${server} no longer offers the tool ${JSON.stringify(tool)} that was accepted.`
    : `${capability} was not called: ${server} has changed its definition since it was accepted; unlike the manifest: ${changed.join(', ')}. ${remedy}`;
}
