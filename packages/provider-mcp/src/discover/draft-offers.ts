import type { JsonObject, JsonSchema, JsonValue, ManifestDraft } from '@capstan/provider';
import { isJsonObject } from '../is-record.ts';
import { definitionDigest } from './definition-digest.ts';
import { assignIds, type Named } from './draft-ids.ts';
import { type NamedOffer, textOf } from './list-offers.ts';

/** What a server offers, as it came. */
export interface Offers {
  readonly tools: readonly NamedOffer[];
  readonly resources: readonly NamedOffer[];
  readonly templates: readonly NamedOffer[];
  readonly prompts: readonly NamedOffer[];
}

type Draft = Pick<ManifestDraft, 'capability' | 'notes'>;
type WithoutId = Omit<ManifestDraft['capability'], 'id'>;

interface Sketch extends Named {
  readonly capability: WithoutId;
  readonly notes: readonly string[];
}

/**
 * A draft of each tool, resource, template and prompt of the server that ids call `server`, sorted by name. What servers say of effects
 * is hearsay: tools get `once`, and what is said becomes a note.
 */
export function draftsOf(server: string, { tools, resources, templates, prompts }: Offers): readonly Draft[] {
  const sketches = [
    ...tools.map((tool) => sketchTool(tool, `mcp.${server}`)),
    ...prompts.map((prompt) => sketchPrompt(prompt, `mcp.${server}.prompts`)),
    ...resources.map((resource) => sketchResource(resource, `mcp.${server}.resources`)),
    ...templates.map((template) => sketchTemplate(template, `mcp.${server}.resource_templates`)),
  ].toSorted(byName);
  const ids = assignIds(sketches);
  return sketches.map(({ name, capability, notes }, index) => {
    const { id = '', clashesWith } = ids[index] ?? {};
    const clash = `numbered, because ${JSON.stringify(name)} and ${JSON.stringify(clashesWith)} come to one id`;
    return { capability: { id, ...capability }, notes: clashesWith === undefined ? notes : [...notes, clash] };
  });
}

function byName(a: Sketch, b: Sketch): number {
  const keyOf = ({ prefix, name, capability }: Sketch): string =>
    [prefix, name, ...Object.values(capability.metadata).map(String)].join('\n');
  return keyOf(a) < keyOf(b) ? -1 : 1;
}

function sketchTool(tool: NamedOffer, prefix: string): Sketch {
  const { name } = tool;
  const hints = isJsonObject(tool['annotations']) ? tool['annotations'] : {};
  const said = [
    ...(hints['readOnlyHint'] === true ? ['read-only'] : []),
    ...(hints['destructiveHint'] === true && hints['readOnlyHint'] !== true ? ['destructive'] : []),
    ...(hints['idempotentHint'] === true && hints['readOnlyHint'] !== true ? ['idempotent'] : []),
  ];
  return {
    name,
    prefix,
    capability: {
      kind: 'tool',
      ...texts(tool, hints['title']),
      effect: 'once',
      publish: true,
      ...schema('input', tool['inputSchema']),
      ...schema('output', tool['outputSchema']),
      metadata: {
        mcp_tool_name: name,
        ...(onlyAsTask(tool) && { mcp_client_capabilities: 'elicitation tasks' }),
        mcp_definition_sha256: definitionDigest(tool),
      },
    },
    notes: said.length === 0 ? [] : [`the server says: ${said.join(', ')}`],
  };
}

/** Such a tool refuses clients that do not say that they know tasks (2025-11-25, "Tasks"). */
function onlyAsTask({ execution }: NamedOffer): boolean {
  return isJsonObject(execution) && execution['taskSupport'] === 'required';
}

function sketchPrompt(prompt: NamedOffer, prefix: string): Sketch {
  const { name } = prompt;
  const declared = Array.isArray(prompt['arguments']) ? prompt['arguments'].filter(isNamed) : [];
  const properties = declared.map((argument) => [
    argument.name,
    { type: 'string', ...(typeof argument['description'] === 'string' && { description: argument['description'] }) },
  ]);
  const required = declared.filter((argument) => argument['required'] === true).map((argument) => argument.name);
  return sketchReading('prompt', prompt, { name, prefix }, { mcp_prompt_name: name }, properties, required);
}

function sketchResource(resource: NamedOffer, prefix: string): Sketch {
  const named = { name: resource.name, prefix };
  return sketchReading('resource', resource, named, { mcp_resource_uri: textOf(resource, 'uri') }, [], []);
}

function sketchTemplate(template: NamedOffer, prefix: string): Sketch {
  const uri = textOf(template, 'uriTemplate');
  // RFC 6570, 2.2 to 2.4: an operator, then variables with modifiers.
  const variables = [...uri.matchAll(/\{[+#./;?&]?([^{}]+)\}/g)].flatMap(([, list = '']) =>
    list.split(',').map((variable) => variable.replace(/\*$|:\d+$/, '').trim()),
  );
  const properties = [...new Set(variables)].map((variable) => [variable, { type: 'string' }]);
  const named = { name: template.name, prefix };
  return sketchReading('resource-template', template, named, { mcp_resource_template: uri }, properties, []);
}

/** Getting a prompt and reading a resource change nothing: the protocol says so, not the server. */
function sketchReading(
  kind: 'prompt' | 'resource' | 'resource-template',
  offer: JsonObject,
  named: Named,
  metadata: Readonly<Record<string, string>>,
  properties: readonly (readonly JsonValue[])[],
  required: readonly string[],
): Sketch {
  const input: JsonSchema = {
    type: 'object',
    properties: Object.fromEntries(properties) as JsonObject,
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
  return {
    ...named,
    capability: { kind, ...texts(offer), effect: 'read', publish: true, input, metadata },
    notes: [],
  };
}

function texts(offer: JsonObject, fallbackTitle?: JsonValue): Pick<WithoutId, 'name' | 'description'> {
  const title = [offer['title'], fallbackTitle].find((text) => typeof text === 'string' && text.trim() !== '');
  const description = offer['description'];
  return {
    ...(typeof title === 'string' && { name: title }),
    ...(typeof description === 'string' && description !== '' && { description }),
  };
}

function schema(key: 'input' | 'output', value: JsonValue | undefined): Pick<WithoutId, 'input' | 'output'> {
  return isJsonObject(value) ? { [key]: value } : {};
}

function isNamed(value: JsonValue): value is JsonObject & { readonly name: string } {
  return isJsonObject(value) && typeof value['name'] === 'string' && value['name'] !== '';
}
