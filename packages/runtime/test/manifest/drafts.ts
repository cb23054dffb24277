import type { JsonSchema, ManifestDraft, Metadata, ProviderPlugin } from '@capstan/provider';
import { DraftPreparer, type PreparedDraft, ProviderRegistry } from '@capstan/runtime';
import { abacusProvider } from './abacus-provider.ts';

type Drafted = ManifestDraft['capability'];

const shared: Metadata = { abacus_rods: 3, abacus_notes: 'one\ntwo' };

/** Knows the abacus, with a key for pins. */
export const pinningRegistry = new ProviderRegistry([pinning(abacusProvider())]);

export const preparer = new DraftPreparer(pinningRegistry);

function pinning<T extends ProviderPlugin>(plugin: T): T {
  const { properties } = plugin.metadataSchema as { readonly properties: JsonSchema };
  const metadataSchema = {
    ...plugin.metadataSchema,
    properties: { ...properties, abacus_definition_sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' } },
  };
  return { ...plugin, metadataSchema };
}

/** A draft of the capability `abacus.<name>`, told apart by its label. */
export function draftOf(name: string, other: Partial<Drafted> = {}, pin?: string): ManifestDraft {
  return {
    capability: {
      id: `abacus.${name}`,
      kind: 'tool',
      effect: 'once',
      publish: true,
      metadata: {
        abacus_label_name: name,
        ...(pin !== undefined && { abacus_definition_sha256: pin }),
      },
      ...other,
    },
    metadata: shared,
  };
}

/** Throws where no manifest can hold it. */
export function prepared(draft: ManifestDraft): PreparedDraft {
  const result = preparer.prepare(draft);
  if ('problem' in result) throw new Error(result.problem);
  return result;
}
