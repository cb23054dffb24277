import { type Capability, CapstanError } from '@capstan/provider';
import { InputValidator, type ManifestProblem } from '@capstan/runtime';
import { relative } from 'node:path';

/** Input schemas that cannot be compiled: a runtime finds out at the first call, whoever validates wants to know now. */
export function schemaProblems(capabilities: readonly Capability[]): readonly ManifestProblem[] {
  const validator = new InputValidator();
  return capabilities.flatMap((capability) => {
    try {
      validator.verify(capability);
      return [];
    } catch (error) {
      if (!CapstanError.isInstance(error)) throw error;
      const { file, line, column } = capability.source;
      const { reason } = error.details;
      return {
        severity: 'error' as const,
        file: relative(process.cwd(), file),
        line,
        column,
        message: `the input schema of ${capability.id} cannot be compiled: ${typeof reason === 'string' ? reason : error.message}`,
        remedy: 'Write it as JSON Schema, dialect 2020-12.',
      };
    }
  });
}
