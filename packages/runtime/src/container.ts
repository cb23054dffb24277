import 'reflect-metadata';

import { container } from 'tsyringe';

// The only file that knows the injection library; it must load reflect-metadata first.
export { type DependencyContainer, inject, injectAll, type InjectionToken, Lifecycle, scoped } from 'tsyringe';

/** A container of its own for each runtime, so that two runtimes in one process share nothing. */
export function createContainer(): ReturnType<typeof container.createChildContainer> {
  return container.createChildContainer();
}
