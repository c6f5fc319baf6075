import { DiagLogLevel, diag, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, RandomIdGenerator, TracerProvider } from '@opentelemetry/sdk-trace'
import { within } from '../abort.ts'
import { authorizationFor } from '../credentials.ts'
import type { Log } from '../log.ts'
import type { EndedTurn } from '../record/turnRecord.ts'
import { planSpans, type SpanPlan } from './turnSpans.ts'

type TraceSettings = {
  /** Base URL of an OTLP/HTTP receiver, for instance an OpenTelemetry Collector. */
  endpoint: string
  /** `name=value`, percent-encoded as the OpenTelemetry specification has it. */
  headers: string[]
  serviceName: string
  /** `name=value`, added to every trace. */
  resourceAttributes: string[]
  appVersion: string
}

export type Traces = ReturnType<typeof createTraces>

/** A receiver that does not answer must not hold up the end of the server. */
const FLUSH_WITHIN_MS = 3_000

/** Turns as OpenTelemetry traces, sent in batches to `settings.endpoint` as OTLP in protobuf over HTTP. */
export function createTraces(settings: TraceSettings, log: Log) {
  const warn = (message: string, ...details: unknown[]) => log.warn({ details }, `OpenTelemetry: ${message}`)
  const quiet = () => {}
  diag.setLogger(
    { error: warn, warn, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
  let traceId = ''
  const ids = new RandomIdGenerator()
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': settings.serviceName,
      'service.version': settings.appVersion,
      ...pairs(settings.resourceAttributes),
    }),
    // A turn's id has the form of a trace's, so that either finds the other.
    idGenerator: { generateTraceId: () => traceId, generateSpanId: () => ids.generateSpanId() },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({
          url: `${settings.endpoint}/v1/traces`,
          headers: { ...authorizationFor(settings.endpoint), ...pairs(settings.headers) },
        }),
      }),
    ],
  })
  const tracer = provider.getTracer('quantvox', settings.appVersion)

  /** Begun and ended at once: what it tells is over. */
  function span({ name, kind, startMs, endMs, attributes, errorCode }: SpanPlan, parent = ROOT_CONTEXT) {
    const made = tracer.startSpan(
      name,
      { kind: kind === 'client' ? SpanKind.CLIENT : SpanKind.INTERNAL, startTime: startMs, attributes },
      parent,
    )
    if (errorCode !== null) {
      made.setAttribute('error.type', errorCode)
      made.setStatus({ code: SpanStatusCode.ERROR })
    }
    made.end(endMs)
    return trace.setSpan(parent, made)
  }

  return {
    /** Sends the trace of a turn in the background. */
    turnEnded(ended: EndedTurn): void {
      traceId = ended.record.turnId.replaceAll('-', '')
      const { turn, stages } = planSpans(ended, Date.now())
      const parent = span(turn)
      for (const stage of stages) span(stage, parent)
    },
    /** Sends what waits; gives up after a moment. */
    async stop(): Promise<void> {
      const sent = provider.shutdown().catch((error: unknown) => warn('the last traces were not sent', error))
      await within(sent, FLUSH_WITHIN_MS, () => {})
      diag.disable()
    },
  }
}

function pairs(texts: string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map(text => {
      const at = text.indexOf('=')
      return [text.slice(0, at).trim(), decodeURIComponent(text.slice(at + 1).trim())]
    }),
  )
}
