import { providerContract } from '@capstan/provider-testkit';
import { parrotContract } from './support/parrot-contract.ts';
import { parrotProvider } from './support/parrot-provider.ts';

providerContract(parrotContract(parrotProvider));
