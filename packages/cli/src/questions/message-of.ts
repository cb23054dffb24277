import type { JsonObject } from '@capstan/provider';

/** What an upstream says with its question. */
export function messageOf({ message }: JsonObject): string {
  return typeof message === 'string' ? message : '';
}
