import { CapstanError } from '@capstan/provider';
import { readFileSync } from 'node:fs';
import type { Runtime } from '../runtime.ts';
import type { ControlAnswers, ControlInfo, ControlRequest } from './control-protocol.ts';

/** What of a runtime is looked at. */
export type ControllableRuntime = Pick<Runtime, 'marketplace' | 'sessions' | 'exportMetrics'>;

/** Answers one request. */
export async function answerRequest(
  runtime: ControllableRuntime,
  request: ControlRequest,
): Promise<ControlAnswers[ControlRequest['ask']]> {
  switch (request.ask) {
    case 'info':
      return infoOf(runtime);
    case 'sessions':
      return runtime.sessions?.list() ?? [];
    case 'metrics':
      return await metricsOf(runtime);
    case 'terminate':
      await runtime.sessions?.terminateSession(request.session);
      return runtime.sessions?.list().find(({ id }) => id === request.session) ?? null;
  }
}

function infoOf({ marketplace }: ControllableRuntime): ControlInfo {
  const capabilities = marketplace.list();
  return {
    pid: process.pid,
    startedAt: Math.round(performance.timeOrigin),
    versions: { capstan: ownVersion(), node: process.versions.node },
    manifests: new Set(capabilities.map(({ source }) => source.file)).size,
    capabilities: capabilities.length,
  };
}

async function metricsOf(runtime: ControllableRuntime): Promise<string> {
  try {
    return await runtime.exportMetrics();
  } catch (cause) {
    throw new CapstanError('UPSTREAM_ERROR', 'The metrics of this runtime could not be exported.', { cause });
  }
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return version;
}
