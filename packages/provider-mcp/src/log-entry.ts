import type { JsonObject, LogEntry, LogLevel } from '@capstan/provider';

/** What a server logged (`notifications/message`), in the four levels of the contract. */
export function logEntry({ level, logger, data }: JsonObject): LogEntry {
  return {
    level: (typeof level === 'string' ? logLevels.get(level) : undefined) ?? 'info',
    ...(typeof logger === 'string' ? { logger } : {}),
    data: data ?? null,
  };
}

const logLevels: ReadonlyMap<string, LogLevel> = new Map([
  ['debug', 'debug'],
  ['info', 'info'],
  ['notice', 'info'],
  ['warning', 'warning'],
  ['error', 'error'],
  ['critical', 'error'],
  ['alert', 'error'],
  ['emergency', 'error'],
]);
