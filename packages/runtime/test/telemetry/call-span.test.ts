import { CapstanError, type ErrorCode } from '@capstan/provider';
import {
  context,
  propagation,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type TracerProvider as AnyTracerProvider,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  type Sampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Telemetry } from '../../src/telemetry/telemetry.ts';

beforeEach(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});

afterEach(() => {
  context.disable();
  trace.disable();
  propagation.disable();
});

const call = { callId: 'call-1', capability: 'weather.now', provider: 'weather' };

function createTracing(sampler?: Sampler) {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor({ exporter })];
  const tracerProvider = new TracerProvider({ spanProcessors, ...(sampler && { sampler }) });
  return { exporter, tracerProvider };
}

async function openTelemetry(tracerProvider?: AnyTracerProvider): Promise<Telemetry> {
  const telemetry = new Telemetry({ eventLoopDelay: false, ...(tracerProvider && { tracerProvider }) });
  await telemetry.open();
  return telemetry;
}

test('gives each call a client span that says how it went', async () => {
  const { exporter, tracerProvider } = createTracing();
  const span = (await openTelemetry(tracerProvider)).startCall(call);
  span?.event('session-initialized', { attempt: 0 });
  span?.end('ok', { session: 'new', attempts: 1 });
  span?.end('error');
  const [finished, ...others] = exporter.getFinishedSpans();
  expect(others).toEqual([]);
  expect(finished).toMatchObject({
    name: 'capability weather.now',
    kind: SpanKind.CLIENT,
    status: { code: SpanStatusCode.UNSET },
    events: [{ name: 'session-initialized', attributes: { attempt: 0 } }],
  });
  expect(finished?.attributes).toEqual({
    'capstan.call.id': 'call-1',
    'capstan.capability.id': 'weather.now',
    'capstan.provider': 'weather',
    'capstan.outcome': 'ok',
    'capstan.session': 'new',
    'capstan.attempts': 1,
  });
});

test('is a child of the active span, and the parent of what begins in it', async () => {
  const { exporter, tracerProvider } = createTracing();
  const telemetry = await openTelemetry(tracerProvider);
  const tracer = tracerProvider.getTracer('host');
  await tracer.startActiveSpan('host', async (host) => {
    const span = telemetry.startCall(call);
    await span?.run(async () => {
      await Promise.resolve();
      tracer.startSpan('request').end();
    });
    span?.end('ok');
    host.end();
  });
  const [request, capability, host] = exporter.getFinishedSpans();
  expect(capability?.parentSpanContext?.spanId).toBe(host?.spanContext().spanId);
  expect(request?.parentSpanContext?.spanId).toBe(capability?.spanContext().spanId);
  expect(new Set([request, capability, host].map((span) => span?.spanContext().traceId)).size).toBe(1);
});

test.each([
  ['TIMEOUT', 'TIMEOUT'],
  ['error', 'error'],
  ['canary' as ErrorCode, 'other'],
] as const)('marks a call that ended with %s as failed', async (outcome, shown) => {
  const { exporter, tracerProvider } = createTracing();
  (await openTelemetry(tracerProvider)).startCall(call)?.end(outcome);
  expect(exporter.getFinishedSpans()[0]).toMatchObject({
    status: { code: SpanStatusCode.ERROR },
    attributes: { 'capstan.outcome': shown, 'error.type': shown },
  });
});

test('tells nothing of an error but its code', async () => {
  const { exporter, tracerProvider } = createTracing();
  const canary = 'canary-8d1e';
  const error = new CapstanError('UPSTREAM_ERROR', canary, { details: { canary }, cause: new Error(canary) });
  const span = (await openTelemetry(tracerProvider)).startCall(call);
  span?.event('session-lost');
  span?.end(error.code);
  const [finished] = exporter.getFinishedSpans();
  const told = [finished?.name, finished?.attributes, finished?.status, finished?.events, finished?.links];
  expect(JSON.stringify(told)).toContain('UPSTREAM_ERROR');
  expect(JSON.stringify(told)).not.toContain('canary');
});

test('gives upstreams the context of its own span', async () => {
  const { exporter, tracerProvider } = createTracing();
  const span = (await openTelemetry(tracerProvider)).startCall(call);
  span?.end('ok');
  const { traceId, spanId } = exporter.getFinishedSpans()[0]?.spanContext() ?? {};
  expect(span?.traceContext).toEqual({ traceparent: `00-${traceId}-${spanId}-01` });
});

test('passes the trace on where it is not sampled, and says so', async () => {
  const { exporter, tracerProvider } = createTracing(new AlwaysOffSampler());
  const span = (await openTelemetry(tracerProvider)).startCall(call);
  span?.end('ok');
  expect(span?.traceContext.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  expect(exporter.getFinishedSpans()).toEqual([]);
});

test('passes trace state on, and of the baggage what the propagator of the host lets out', async () => {
  const { tracerProvider } = createTracing();
  const telemetry = await openTelemetry(tracerProvider);
  const withState = trace.setSpanContext(ROOT_CONTEXT, {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
    traceState: {
      set: expect.unreachable,
      unset: expect.unreachable,
      get: expect.unreachable,
      serialize: () => 'vendor=1',
    },
  });
  const parent = propagation.setBaggage(
    withState,
    propagation.createBaggage({ plan: { value: 'gold' }, user: { value: 'canary' } }),
  );
  const traceContext = () => context.with(parent, () => telemetry.startCall(call)?.traceContext);
  expect(traceContext()).toEqual({
    traceparent: expect.stringMatching(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/),
    tracestate: 'vendor=1',
  });
  propagation.setGlobalPropagator({
    inject: (from, carrier, setter) =>
      setter.set(carrier, 'baggage', `plan=${propagation.getBaggage(from)?.getEntry('plan')?.value}`),
    extract: (into) => into,
    fields: () => ['baggage'],
  });
  expect(traceContext()?.baggage).toBe('plan=gold');
});

test('traces with the global tracer of the host, also where it comes after the runtime', async () => {
  const { exporter, tracerProvider } = createTracing();
  const telemetry = await openTelemetry();
  expect(telemetry.startCall(call)).toBeUndefined();
  trace.setGlobalTracerProvider(tracerProvider);
  await expect.poll(() => telemetry.startCall(call)).toBeDefined();
  telemetry.startCall(call)?.end('ok');
  expect(exporter.getFinishedSpans()).toHaveLength(1);
  await telemetry.close();
});

test('has no span, so nothing to pass upstream, where nobody traces or the tracer is none', async () => {
  expect((await openTelemetry()).startCall(call)).toBeUndefined();
  expect((await openTelemetry(new ProxyTracerProvider())).startCall(call)).toBeUndefined();
});

test('names 1000 capabilities, and the others together', async () => {
  const { exporter, tracerProvider } = createTracing();
  const telemetry = await openTelemetry(tracerProvider);
  const named = [...Array(1001).keys(), 3].map((index) => `weather.${index}`);
  for (const capability of named) telemetry.startCall({ ...call, capability })?.end('ok');
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual([
    ...named.slice(0, 1000).map((name) => `capability ${name}`),
    'capability other',
    'capability weather.3',
  ]);
  expect(exporter.getFinishedSpans()[1000]?.attributes['capstan.capability.id']).toBe('other');
});
