export { ContractViolation, type Ability } from './contract-check.ts';
export { type ContractCheck, type ContractChecks, contractChecks, type UncoveredCheck } from './contract-checks.ts';
export type { ContractCounts, ContractOptions, ContractUpstream, Environment } from './contract-options.ts';
export { FaultProxy } from './fault-proxy.ts';
export { providerContract } from './provider-contract.ts';
