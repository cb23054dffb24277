// Runs a weather station until it is interrupted: `node run-station.ts [port]`, 8080 by default.
import { startWeatherStation } from './weather-station.ts';

const station = await startWeatherStation(Number(process.argv[2] ?? 8080));
console.log(`The weather station listens on ${station.url}`);
