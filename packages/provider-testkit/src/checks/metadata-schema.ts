import type { JsonValue } from '@capstan/provider';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { CheckGroup } from '../contract-check.ts';
import { expects } from '../expectations.ts';

export const metadataSchema: CheckGroup = {
  subject: 'metadata schema',
  checks: () => [
    {
      name: 'has a metadata schema that is valid JSON Schema 2020-12',
      why: 'Manifests are checked and completed by it.',
      async run(contract) {
        await using bench = await contract.open();
        const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false });
        const valid = ajv.validateSchema(bench.plugin.metadataSchema) === true;
        expects(valid, `The schema is not valid: ${ajv.errorsText(ajv.errors)}`);
        ajv.compile(bench.plugin.metadataSchema);
      },
    },
    {
      name: 'owns every key of its metadata schema and describes it',
      why: 'A key of another prefix belongs to another plugin, and editors show the description.',
      async run(contract) {
        await using bench = await contract.open();
        const { prefix, metadataSchema: schema } = bench.plugin;
        const properties = Object.entries(recordOf(schema['properties']));
        expects(properties.length > 0, 'The schema names no keys under "properties".');
        for (const [key, value] of properties) {
          expects(key.startsWith(`${prefix}_`), `The key ${key} does not start with ${prefix}_.`);
          const { description } = recordOf(value);
          const described = typeof description === 'string' && description.trim() !== '';
          expects(described, `The key ${key} has no description.`);
        }
      },
    },
  ],
};

function recordOf(value: JsonValue | undefined): Readonly<Record<string, JsonValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, JsonValue>)
    : {};
}
