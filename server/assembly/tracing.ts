import type { Config } from '../config.ts'
import type { Log } from '../log.ts'
import type { Stages } from '../session/stages.ts'

/**
 * Traces the turns of `stages` where OTEL_TRACES_EXPORTER asks for it; only then is OpenTelemetry loaded.
 * The function that is returned sends what waits and ends it.
 */
export async function startTracing(
  config: Config,
  { observers, settings }: Pick<Stages, 'observers' | 'settings'>,
  log: Log,
): Promise<() => Promise<void>> {
  if (config.OTEL_TRACES_EXPORTER === 'none') return async () => {}
  const { createTraces } = await import('../telemetry/traces.ts')
  const traces = createTraces(
    {
      endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT.replace(/\/+$/, ''),
      headers: config.OTEL_EXPORTER_OTLP_HEADERS,
      serviceName: config.OTEL_SERVICE_NAME,
      resourceAttributes: config.OTEL_RESOURCE_ATTRIBUTES,
      appVersion: settings.appVersion,
    },
    log,
  )
  observers.add(() => traces.turnEnded)
  return traces.stop
}
