import type { RuntimeEvents } from '../runtime-events.ts';
import type { SessionPoolOptions } from '../runtime-options.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { PoolCapacity } from './pool-capacity.ts';
import type { SessionLedger } from './session-ledger.ts';
import type { SessionSettingsTable } from './session-settings.ts';
import type { TaskScope } from './task-scope.ts';

/** What the parts of one pool share. */
export interface PoolContext {
  readonly options: SessionPoolOptions;
  readonly events: RuntimeEvents;
  readonly telemetry: Telemetry;
  readonly settings: SessionSettingsTable;
  readonly ledger: SessionLedger;
  readonly capacity: PoolCapacity;
  readonly tasks: TaskScope;
}
