import type { Logger } from '@capstan/provider';
import { type ControlServer, createRuntime, type ManifestProblem, type Runtime, serveControl } from '@capstan/runtime';
import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { bundledProviders } from './bundled-providers.ts';
import { loadConfig } from './config.ts';
import type { ExitCode } from './exit-codes.ts';
import type { GlobalOptions } from './global-options.ts';
import { loadProviderModule } from './load-provider-module.ts';
import type { Output } from './output.ts';

const defaultManifests = 'capabilities';
/** A person at a terminal does not wait for a server as long as a host app does. */
const defaultAcquireTimeoutMs = 2_000;

export interface LoadedRuntime {
  readonly runtime: Runtime;
  readonly problems: readonly ManifestProblem[];
  /** Files and folders that were read, relative to the working directory. */
  readonly manifests: readonly string[];
  /** Those of `manifests` that do not exist. */
  readonly missing: readonly string[];
  /** No manifests were named, and the folder that is read by default does not exist. */
  readonly missingDefault: boolean;
}

/**
 * Runs `use` with a runtime made from configuration and options, and closes it whatever happens, every session with it. `closeWithinMs`
 * is asked at the end: how long calls in flight may go on. Throws `UsageError`, or what `createRuntime` throws.
 */
export async function withRuntime(
  options: GlobalOptions,
  output: Output,
  use: (loaded: LoadedRuntime) => Promise<ExitCode>,
  closeWithinMs: () => number | undefined = () => undefined,
): Promise<ExitCode> {
  const loaded = await loadRuntime(options, output);
  const { runtime } = loaded;
  const unsubscribe = output.verbose ? runtime.marketplace.events.on((event) => output.event(event)) : () => {};
  let control: ControlServer | undefined;
  try {
    if (options.control === true) control = await serveControl(runtime);
    if (control !== undefined && output.verbose) output.note(`control socket: ${control.address}`);
    return await use(loaded);
  } finally {
    const deadlineMs = closeWithinMs();
    await runtime.close(deadlineMs === undefined ? {} : { deadlineMs }).catch((error: unknown) => {
      // What the command was asked for is told already.
      output.note(`warning: closing failed: ${error instanceof Error ? error.message : String(error)}`);
    });
    await control?.[Symbol.asyncDispose]();
    unsubscribe();
  }
}

async function loadRuntime(options: GlobalOptions, output: Output): Promise<LoadedRuntime> {
  const folder = process.cwd();
  const { manifests: configured, providers = [], file: _file, ...settings } = await loadConfig(folder, options.config);
  const modules = await Promise.all((options.provider ?? []).map((module) => loadProviderModule(module, folder)));
  const named = options.manifests ?? (configured === undefined ? undefined : [configured].flat());
  const missingDefault = named === undefined && !existsSync(resolve(folder, defaultManifests));
  const manifests = (named ?? [defaultManifests]).map((path) => relative(folder, resolve(folder, path)) || '.');
  const missing = manifests.filter((path) => !existsSync(resolve(folder, path)));
  let problems: readonly ManifestProblem[] = [];
  const runtime = await createRuntime({
    ...settings,
    sessions: { acquireTimeoutMs: defaultAcquireTimeoutMs, ...settings.sessions },
    manifests: missingDefault ? [] : manifests,
    providers: [...bundledProviders(), ...providers, ...modules.flat()],
    onManifestProblems: (found) => {
      problems = found;
    },
    ...(output.verbose && { logger: loggerOf(output) }),
  });
  return { runtime, problems, manifests, missing, missingDefault };
}

function loggerOf(output: Output): Logger {
  return {
    log: (level, message, details) => {
      output.note(`${level}: ${message}${details === undefined ? '' : ` ${JSON.stringify(details)}`}`);
    },
  };
}
