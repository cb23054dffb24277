import { createRuntime } from '@capstan/runtime';
import { expect, it } from 'vitest';
import { weatherProvider } from '../weather-provider.ts';
import { startWeatherStation } from '../weather-station.ts';

it('runs on the unchanged core: one check-in for two capabilities, a new one after a restart, a check-out at close', async () => {
  await using station = await startWeatherStation();
  const runtime = await createRuntime({
    manifests: new URL('../capabilities', import.meta.url).pathname,
    providers: [weatherProvider],
    environment: { WEATHER_STATION_URL: station.url },
  });
  const { output } = await runtime.call('weather.temperature', { city: 'Bergen' });
  expect(output).toEqual({ city: 'Bergen', reading: 'temperature', value: '18 °C' });
  expect((await runtime.call('weather.wind', { city: 'Bergen' })).call.session).toBe('reused');
  station.restart();
  expect((await runtime.call('weather.wind', { city: 'Bergen' })).call.attempts).toBe(2);
  await runtime.close();
  expect(station.counts).toEqual({ checkIn: 2, read: 3, checkOut: 1 });
});
