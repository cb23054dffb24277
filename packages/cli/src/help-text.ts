import { exitCodes } from './exit-codes.ts';

/** What follows the generated help of the command itself: examples and exit codes. */
export function helpAfter(): string {
  const codes = Object.entries(exitCodes).map(([exitCode, { meaning }]) => `  ${exitCode.padStart(3)}  ${meaning}`);
  return `
Examples:
  capstan list --search weather                     find a capability
  capstan show weather.today                        its input, metadata, session, source
  capstan call weather.today city=Bern days=3       values typed by the input schema
  capstan call weather.today '{"city": "Bern"}'     the same as JSON
  capstan call weather.today --input - --json       JSON in on stdin, JSON out on stdout
  capstan complete weather.today city Be            suggestions for a value, where the upstream has any
  capstan import weather https://example.com/api    write a manifest of what an upstream offers
  capstan accept weather.today                      see how it changed since, and accept that
  capstan validate capabilities                     every problem, with file, line and remedy
  capstan sessions end weather-1                    end a session of a running process
  capstan --provider ./weather.mjs list             with a provider plugin of your own

Exit codes:
${codes.join('\n')}
`;
}
