import { providerContract } from '@capstan/provider-testkit';
import { weatherProvider } from '../weather-provider.ts';
import { startWeatherStation } from '../weather-station.ts';

providerContract({
  plugin: weatherProvider,
  capability: ['temperature', 'wind'].map((reading) => ({
    id: `weather.${reading}`,
    metadata: {
      weather_station_url: 'http://127.0.0.1:8080',
      weather_station_url_override_env_var: 'WEATHER_STATION_URL',
      weather_requires_session: 'auto',
      weather_reading: reading,
    },
  })),
  call: { input: (tag) => ({ city: tag }), tagOf: (output: { city: string }) => output.city },
  upstream: {
    async start() {
      const station = await startWeatherStation();
      return {
        tcp: { port: station.port, environment: (port) => ({ WEATHER_STATION_URL: `http://127.0.0.1:${port}` }) },
        counts: () => ({
          opened: station.counts.checkIn,
          ended: station.counts.checkIn - station.checkedIn,
          calls: station.counts.read,
        }),
        dropSessions: async () => station.restart(),
        stop: () => station[Symbol.asyncDispose](),
      };
    },
  },
});
