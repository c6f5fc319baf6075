import { Registry } from '@prometheus-io/client'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import Type from 'typebox'
import { createEngineMetrics, type EngineFigures } from '../../telemetry/engineMetrics.ts'
import { createLoadMetrics, type Load } from '../../telemetry/loadMetrics.ts'

type MetricsOptions = {
  registry: Registry
  /** Asked at each scrape; must not wait for an engine that does not answer. */
  engines(): Promise<EngineFigures[]>
  load(): Omit<Load, 'draining'>
}

/** `GET /metrics` in the Prometheus text format. */
const metrics = async (app: FastifyInstance, { registry, engines, load }: MetricsOptions) => {
  const setEngines = createEngineMetrics(registry)
  const setLoad = createLoadMetrics(registry)

  app.get(
    '/metrics',
    {
      config: { whileDraining: true },
      schema: {
        tags: ['Server'],
        summary: 'Metrics for Prometheus',
        description: 'docs/observability.md has the list. Needs the token where one is set.',
        response: {
          200: {
            description: 'Prometheus text format 0.0.4',
            content: { 'text/plain': { schema: Type.String() } },
          },
        },
      },
      serializerCompiler: () => text => text,
    },
    async (_request, reply) => {
      setEngines(await engines())
      setLoad({ ...load(), draining: app.isDraining() })
      return reply.type(Registry.PROMETHEUS_CONTENT_TYPE).send(await registry.metrics())
    },
  )
}

export default fp(metrics, { name: 'metrics', fastify: '5.x', dependencies: ['auth', 'connections'] })
