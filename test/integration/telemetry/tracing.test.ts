import { execFile } from 'node:child_process'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { pino } from 'pino'
import { afterEach, describe, expect, test } from 'vitest'
import { startTracing } from '../../../server/assembly/tracing.ts'
import { readConfig } from '../../../server/config.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import { ask, askText } from '../../support/http.ts'
import { GO_TIMEOUT_MS, goIsMissing, readTraceRequest } from '../../support/readFormats.ts'
import { createTestApp, type TestApp } from '../../support/testApp.ts'

type Request = { url: string | undefined; headers: IncomingHttpHeaders; body: Buffer }
let receiver: Server | undefined
let app: TestApp | undefined
afterEach(async () => {
  await app?.app.close()
  receiver?.closeAllConnections()
  receiver?.close()
})

/** An OTLP receiver that takes everything. */
async function startReceiver(status = 200): Promise<{ endpoint: string; requests: Request[] }> {
  const requests: Request[] = []
  receiver = createServer(async (request, response) => {
    requests.push({ url: request.url, headers: request.headers, body: await buffer(request) })
    response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end()
  })
  await new Promise<void>(listening => receiver?.listen(0, '127.0.0.1', listening))
  return { endpoint: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`, requests }
}

/** An app whose turns are traced as `environment` says. */
async function traced(environment: Record<string, string>) {
  app = await createTestApp()
  const { config } = readConfig({ flags: {}, environment, dotEnv: {} })
  const lines: string[] = []
  const log = pino({ level: 'warn' }, { write: line => lines.push(line) })
  return { app, stop: await startTracing(config, app.stages, log), lines }
}

async function spansIn({ body }: Request) {
  const { resourceSpans } = await readTraceRequest(body)
  const [only] = resourceSpans
  const hex = (base64: string | undefined) => Buffer.from(base64 ?? '', 'base64').toString('hex')
  const spans = (only?.scopeSpans ?? []).flatMap(scope => scope.spans)
  return {
    resource: flat(only?.resource.attributes ?? []),
    spans: spans.map(span => ({
      ...span,
      traceId: hex(span.traceId),
      spanId: hex(span.spanId),
      parentSpanId: hex(span.parentSpanId),
      attributes: flat(span.attributes),
      ms: Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6,
    })),
  }
}

function flat(attributes: { key: string; value: object }[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}

describe.skipIf(goIsMissing)('the trace of a turn, as a receiver gets it', { timeout: GO_TIMEOUT_MS }, () => {
  test('is a span for the turn with a child for each stage, under the id of the turn', async () => {
    const { endpoint, requests } = await startReceiver()
    const server = await traced({
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: `${endpoint}/`,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20b, x-other=c=d',
      OTEL_SERVICE_NAME: 'kitchen',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=home',
    })
    const { turnId, timings } = (await ask(server.app.app)).json()
    await server.stop()

    expect(requests.map(({ url }) => url)).toEqual(['/v1/traces'])
    const [request] = requests as [Request]
    expect(request.headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'x-key': 'a b',
      'x-other': 'c=d',
    })
    const { resource, spans } = await spansIn(request)
    expect(resource).toMatchObject({
      'service.name': 'kitchen',
      'service.version': '0.0.0-test',
      'deployment.environment.name': 'home',
    })
    const [turn, ...stages] = spans
    expect(turn).toMatchObject({ name: 'turn', parentSpanId: '', traceId: turnId.replaceAll('-', '') })
    expect(turn?.attributes).toMatchObject({ 'quantvox.outcome': 'completed', 'quantvox.turnId': turnId })
    expect(stages.map(({ name, kind }) => [name, kind])).toEqual([
      ['transcribe whisper-tiny.en-q8_0', 'SPAN_KIND_CLIENT'],
      ['chat fake:1b-q4_K_M', 'SPAN_KIND_CLIENT'],
      ['speak flite:slt', 'SPAN_KIND_CLIENT'],
    ])
    for (const { traceId, parentSpanId } of stages)
      expect([traceId, parentSpanId]).toEqual([turn?.traceId, turn?.spanId])
    expect(stages[0]?.ms).toBeCloseTo(timings.fromSpeechEnd.transcriptMs, 0)
    expect(stages[1]?.attributes).toMatchObject({ 'gen_ai.usage.output_tokens': '6' })
    // What was said and answered is nowhere in it.
    for (const words of [server.app.script.transcript, 'ten past', 'evening'])
      expect(request.body.includes(words)).toBe(false)
  })

  test('says what failed, by its code', async () => {
    const { endpoint, requests } = await startReceiver()
    const server = await traced({ OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })
    server.app.script.respondError = new QuantvoxError('engine_failed', 'It broke.')
    await askText(server.app.app, { text: 'What is the time?' })
    await server.stop()
    const { spans } = await spansIn(requests[0] as Request)
    const failed = spans.map(({ name, status, attributes }) => [name, status?.code, attributes['error.type']])
    expect(failed).toEqual([
      ['turn', 'STATUS_CODE_ERROR', 'engine_failed'],
      ['chat fake:1b-q4_K_M', 'STATUS_CODE_ERROR', 'engine_failed'],
    ])
  })
})

test('a receiver that refuses costs no turn anything and is told to the log', async () => {
  const { endpoint } = await startReceiver(400)
  const server = await traced({ OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })
  expect((await askText(server.app.app, { text: 'What is the time?' })).statusCode).toBe(200)
  await server.stop()
  expect(server.lines.join('')).toContain('OpenTelemetry')
})

test('nothing of OpenTelemetry but its interface is loaded where traces are off', async () => {
  const program = `
    import { registerHooks } from 'node:module'
    const loaded = new Set()
    registerHooks({
      load(url, context, next) {
        const found = /node_modules\\/(@opentelemetry\\/[^/]+)/.exec(url)
        if (found) loaded.add(found[1])
        return next(url, context)
      },
    })
    await import('./server/main.ts')
    console.log(JSON.stringify([...loaded]))`
  const root = join(import.meta.dirname, '../../..')
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: root })
  // The metrics' client library needs the interface for its exemplars.
  expect(JSON.parse(stdout)).toEqual(['@opentelemetry/api'])
})
