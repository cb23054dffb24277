import { formatProblem, type ManifestProblem } from '@capstan/runtime';
import type { ExitCode } from '../exit-codes.ts';
import type { GlobalOptions } from '../global-options.ts';
import { withRuntime } from '../load-runtime.ts';
import type { Output } from '../output.ts';
import type { Style } from '../style.ts';
import { schemaProblems } from '../schema-problems.ts';
import { UsageError } from '../usage-error.ts';

export async function validate(paths: readonly string[], options: GlobalOptions, output: Output): Promise<ExitCode> {
  const manifests = paths.length > 0 ? { manifests: paths } : {};
  return await withRuntime({ ...options, ...manifests }, output, async (loaded) => {
    if (loaded.missingDefault) {
      throw new UsageError(
        `There is no folder ${loaded.manifests.join()} here. Say what to validate: capstan validate <paths…>.`,
      );
    }
    const listed = loaded.runtime.marketplace.list();
    const ofSchemas = schemaProblems(listed);
    const problems = [...loaded.problems, ...ofSchemas];
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    const capabilities = listed.length - ofSchemas.length;
    const counts = { capabilities, errors, warnings: problems.length - errors };
    output.answer({
      document: { valid: errors === 0, ...counts, problems },
      text: (style) => [...problems.map((problem) => line(problem, style)), summary(counts, style)].join('\n'),
    });
    return errors === 0 ? 0 : 3;
  });
}

function line(problem: ManifestProblem, style: Style): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`;
  const rest = formatProblem(problem).slice(place.length).trimStart();
  const severity = problem.severity === 'error' ? style.paint('red', 'error') : style.paint('yellow', 'warning');
  return `${style.paint('bold', place)}  ${severity}  ${rest}`;
}

function summary(
  {
    capabilities,
    errors,
    warnings,
  }: { readonly capabilities: number; readonly errors: number; readonly warnings: number },
  style: Style,
): string {
  const counts = [
    count(capabilities, 'valid capability', 'valid capabilities'),
    count(errors, 'error', 'errors'),
    ...(warnings > 0 ? [count(warnings, 'warning', 'warnings')] : []),
  ].join(', ');
  return style.paint(errors > 0 ? 'red' : 'green', counts);
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
