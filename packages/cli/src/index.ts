export { type CapstanConfig, defineConfig } from './config.ts';
