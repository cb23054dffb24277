import type { SessionKey } from '@capstan/provider';
import { isDeepStrictEqual } from 'node:util';
import { contractCaller } from '../contract-bench.ts';
import type { CheckGroup } from '../contract-check.ts';
import { declarationsOf, secretKeys } from '../contract-manifests.ts';
import { expects, rejection } from '../expectations.ts';

export const sessionKey: CheckGroup = {
  subject: 'session key',
  checks: () => [
    {
      name: 'makes the same well-formed session key of the same capability and caller',
      why: 'It is asked on every call, and a key that changes is a new session each time.',
      async run(contract) {
        await using bench = await contract.open();
        const keys = [bench.capability, bench.capability, structuredClone(bench.capability)].map((capability) =>
          bench.plugin.sessionKey(capability, { ...contractCaller }),
        );
        const [key] = keys;
        expects(key !== undefined && isWellFormed(key), `The session key is not well-formed: ${JSON.stringify(key)}`);
        const equal = keys.every((other) => isDeepStrictEqual(other, key));
        expects(equal, `The same capability and caller gave different session keys: ${JSON.stringify(keys)}`);
      },
    },
    {
      name: 'makes the same session key for all capabilities of one upstream and identity',
      why: 'Otherwise each capability opens a session of its own.',
      async run(contract) {
        await using bench = await contract.open();
        const keys = bench.capabilities.map((capability) => bench.plugin.sessionKey(capability, contractCaller));
        const equal = keys.every((key) => isDeepStrictEqual(key, keys[0]));
        expects(equal, `Capabilities of one upstream have different session keys: ${JSON.stringify(keys)}`);
      },
    },
    {
      name: 'makes another session key for another identity',
      why: 'Calls with an equal key share a session, so one identity would act as the other.',
      needs: ['secrets'],
      async run(contract) {
        await using bench = await contract.open();
        const { plugin, capability } = bench;
        const key = plugin.sessionKey(capability, contractCaller);
        for (const declaration of declarationsOf(contract.options)) {
          for (const [name, variable] of Object.entries(secretKeys(declaration))) {
            const other = { ...capability, metadata: { ...capability.metadata, [name]: `${variable}_OF_ANOTHER` } };
            const differs = !isDeepStrictEqual(plugin.sessionKey(other, contractCaller), key);
            expects(differs, `The session key is the same whichever variable ${name} names: ${JSON.stringify(key)}`);
          }
        }
      },
    },
    {
      name: 'changes nothing that it is handed',
      why: 'Capability, caller and input belong to the runtime, and other calls read them.',
      async run(contract) {
        await using bench = await contract.open();
        const { plugin } = bench;
        const capability = structuredClone(bench.capability);
        const caller = { subject: 'ada', tenant: 'north', scopes: ['read'] };
        const input = structuredClone(bench.input('untouched'));
        const handed = { capability, caller, input };
        const before = structuredClone(handed);
        const expectUnchanged = (by: string): void =>
          expects(
            isDeepStrictEqual(handed, before),
            `${by} changed the capability, caller or input that it was handed.`,
          );
        plugin.sessionKey(capability, caller);
        expectUnchanged('sessionKey');
        const session = await bench.openSession({ capability, caller });
        expectUnchanged('initializeSession');
        const call = plugin.executeWithSession(session, bench.invocation('untouched', handed));
        await bench.settled(rejection(call), 'executeWithSession');
        expectUnchanged('executeWithSession');
        await bench.settled(rejection(plugin.terminateSession(session, 'explicit')), 'terminateSession');
      },
    },
  ],
};

function isWellFormed({ upstream, identity }: SessionKey): boolean {
  const texts = (list: unknown): boolean => Array.isArray(list) && list.every((text) => typeof text === 'string');
  switch (identity?.kind) {
    case 'none':
      return texts(upstream);
    case 'static':
      return texts(upstream) && texts(identity.envVars);
    case 'oauth':
      return texts(upstream) && texts([identity.issuer, identity.client, identity.audience]);
    default:
      return false;
  }
}
