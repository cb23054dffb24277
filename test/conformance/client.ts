/**
 * The client under test, as the suite starts it: `node client.mjs <server-url>`, with the scenario in the environment. All the way through
 * the project: import what the server offers, load it as a manifest, call each capability.
 */
import { callAll } from './call-all.ts';
import { conformanceProvider } from './conformance-provider.ts';
import { importCapabilities } from './import-capabilities.ts';
import { readScenario } from './scenario.ts';

const scenario = readScenario(process.argv, process.env);
const provider = conformanceProvider(scenario.context);
const failures = await callAll(scenario, provider, await importCapabilities(scenario, provider));
for (const failure of failures) process.stderr.write(`${failure}\n`);
process.exitCode = failures.length === 0 ? 0 : 1;
