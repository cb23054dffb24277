import { manifestSchema } from '@capstan/runtime';
import { writeFile } from 'node:fs/promises';
import type { ExitCode } from '../exit-codes.ts';
import type { GlobalOptions } from '../global-options.ts';
import { withRuntime } from '../load-runtime.ts';
import type { Output } from '../output.ts';
import { UsageError } from '../usage-error.ts';

export interface SchemaOptions extends GlobalOptions {
  readonly output?: string;
}

export async function schema({ output: file, ...options }: SchemaOptions, output: Output): Promise<ExitCode> {
  return await withRuntime(options, output, async ({ runtime }) => {
    const document = manifestSchema(runtime.providers);
    const text = JSON.stringify(document, null, 2);
    if (file === undefined) {
      output.answer({ document, text: () => text });
      return 0;
    }
    try {
      await writeFile(file, `${text}\n`);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new UsageError(`The schema cannot be written to ${file}: ${reason}`, { cause });
    }
    output.answer({ document: { written: file }, text: () => `Wrote the schema of manifests to ${file}.` });
    return 0;
  });
}
