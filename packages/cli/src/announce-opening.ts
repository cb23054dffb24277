import type { Capability } from '@capstan/provider';
import type { RuntimeEvents } from '@capstan/runtime';
import type { Output } from './output.ts';
import { upstreamName } from './upstream-name.ts';

/** How long nothing is said. */
const patienceMs = 2_000;

/** To be told when something is heard of the call; then its own progress speaks. */
export interface OpeningNotice extends Disposable {
  heard(): void;
}

/** Where a call waits long for a session to be opened, and nothing else is heard: says so, on one line that goes away when it is open. */
export function announceOpening(events: RuntimeEvents, capability: Capability, output: Output): OpeningNotice {
  const opening = new Set<string>();
  let isDue = false;
  let isOver = false;
  let isShown = false;
  const show = (): void => {
    const isWanted = isDue && !isOver && opening.size > 0;
    if (isWanted === isShown) return;
    isShown = isWanted;
    if (isWanted) output.progress(`opening a session with ${upstreamName(capability)} …`);
    else output.clearProgress();
  };
  const unsubscribe = events.on((event) => {
    if (event.type === 'session-initializing') opening.add(event.session);
    else if (event.type === 'session-initialized' || event.type === 'session-failed') opening.delete(event.session);
    show();
  });
  const timer = setTimeout(() => {
    isDue = true;
    show();
  }, patienceMs);
  const end = (): void => {
    clearTimeout(timer);
    unsubscribe();
    isOver = true;
    show();
  };
  return { heard: end, [Symbol.dispose]: end };
}
