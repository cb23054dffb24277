import type { Figure } from '../report.ts';
import { clients, type ClientName } from './clients/index.ts';
import type { Leftovers, Setting } from './messages.ts';
import { describe, type Samples, settings } from './samples.ts';

const official: ClientName = 'SDK v2';
const peers = clients.filter(({ role }) => role === 'peer').map(({ name }) => name);

/** What Capstan is held to, and how far it is from what no client can be faster than. */
export function goals(samples: Samples, leftovers: Leftovers, sockets: number): readonly Figure[] {
  return [
    ...settings.flatMap((setting) => speed(samples, setting)),
    ...settings.flatMap((setting) => processorTime(samples, setting)),
    {
      what: `time to first call / ${official}`,
      value: samples.medianStart('Capstan', 'firstCallMs') / samples.medianStart(official, 'firstCallMs'),
      unit: '×',
      goal: { max: 1 },
    },
    ...left(leftovers, sockets),
  ];
}

function speed(samples: Samples, setting: Setting): readonly Figure[] {
  const isSequential = setting.concurrency === 1;
  const ratios = peers.map((peer) => ({ peer, ratio: samples.ratio('Capstan', peer, setting, 'callsPerSecond') }));
  const { peer, ratio } = ratios.reduce((best, other) => (other.ratio < best.ratio ? other : best));
  return [
    {
      what: `${describe(setting)}: calls/s / best peer (${peer})`,
      value: ratio,
      unit: '×',
      goal: { min: isSequential ? 1.8 : 2.5 },
    },
    {
      what: `${describe(setting)}: calls/s / undici (reach: ${isSequential ? 0.8 : 0.5})`,
      value: samples.ratio('Capstan', 'undici', setting, 'callsPerSecond'),
      unit: '×',
    },
  ];
}

function processorTime(samples: Samples, setting: Setting): readonly Figure[] {
  return [
    {
      what: `${describe(setting)}: client CPU per call`,
      value: samples.median('Capstan', setting, 'cpuMicrosPerCall'),
      unit: 'µs',
      // What a bare POST needs one by one is near to that already.
      ...(setting.concurrency === 1 ? {} : { goal: { max: 80 } }),
    },
    {
      what: `${describe(setting)}: client CPU per call / undici`,
      value: samples.ratio('Capstan', 'undici', setting, 'cpuMicrosPerCall'),
      unit: '×',
    },
    {
      what: `${describe(setting)}: client CPU per call / ${official}`,
      value: samples.ratio('Capstan', official, setting, 'cpuMicrosPerCall'),
      unit: '×',
      goal: { max: setting.concurrency === 1 ? 0.5 : 0.3 },
    },
  ];
}

function left(leftovers: Leftovers, sockets: number): readonly Figure[] {
  const lines = [
    ['abort listeners on the signal of the caller', leftovers.listenersOfTheCaller],
    ['abort listeners on any signal that lives on', leftovers.abortListeners],
    ['abort signals that nothing collects', leftovers.signals],
    ['timers that nothing collects, once the runtime is closed', leftovers.timers],
    ['sockets, once the runtime is closed', sockets],
  ] as const;
  return lines.map(([what, value]) => ({ what: `10,000 calls leave: ${what}`, value, unit: '', goal: { max: 0 } }));
}
