import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyPluginAsync } from 'fastify'
import Type from 'typebox'
import { events, json, problems } from '../doors/rest/answers.ts'
import { clientSignal } from '../doors/rest/clientSignal.ts'
import { strictValidator } from '../doors/rest/strictValidator.ts'
import { toQuantvoxError } from '../errors.ts'
import { ComparisonResult } from '../protocol/comparisonResult.ts'
import {
  ComparisonList,
  ComparisonParams,
  ComparisonQuery,
  ComparisonRequest,
  ComparisonStatus,
} from '../protocol/comparisons.ts'
import { type ReportFormat, renderReport } from './report/render.ts'
import type { SharedComparisons } from './runs/sharedRuns.ts'

const mediaTypes: Record<ReportFormat, string> = {
  csv: 'text/csv; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  html: 'text/html; charset=utf-8',
}

/** The comparison lab: start, list, watch, read, cancel and forget comparisons. */
export function comparisonRoutes(comparisons: SharedComparisons): FastifyPluginAsync {
  return async fastify => {
    const app = fastify.withTypeProvider<TypeBoxTypeProvider>()
    app.setValidatorCompiler(strictValidator)
    app.setSerializerCompiler(() => data => JSON.stringify(data))
    const tags = ['Comparisons']
    const file = (description: string) => ({ schema: Type.String({ description }) })

    app.post(
      '/v1/comparisons',
      {
        schema: {
          tags,
          summary: 'Compare quantization levels on this machine; one runs at a time, others wait',
          body: ComparisonRequest,
          response: { 202: json('Queued', ComparisonStatus), ...problems(404, 409, 502, 504) },
        },
      },
      async (request, reply) =>
        reply.code(202).send(await comparisons.create(request.body, clientSignal(reply))),
    )
    app.get(
      '/v1/comparisons',
      {
        schema: {
          tags,
          summary: 'All comparisons, newest first',
          response: { 200: json('Comparisons', ComparisonList) },
        },
      },
      () => comparisons.list(),
    )
    app.get(
      '/v1/comparisons/:id',
      {
        schema: {
          tags,
          summary: 'The result of a comparison that has ended, or of what an interrupted one observed',
          params: ComparisonParams,
          querystring: ComparisonQuery,
          response: {
            200: {
              description: 'The result',
              content: {
                'application/json': { schema: ComparisonResult },
                'text/csv': file('one figure of one arm a line'),
                'text/markdown': file('the report'),
                'text/html': file('the report with its charts, one self-contained page'),
              },
            },
            ...problems(409),
          },
        },
      },
      async (request, reply) => {
        const { format = 'json' } = request.query
        const result = await comparisons.result(request.params.id)
        if (format === 'json') return reply.send(result)
        return reply
          .type(mediaTypes[format])
          .header('content-disposition', `inline; filename="quantvox-comparison-${result.id}.${format}"`)
          .serializer((payload: unknown) => String(payload))
          .send(renderReport(result, format))
      },
    )
    app.get(
      '/v1/comparisons/:id/events',
      {
        // There is no other answer, so whatever a client accepts, it gets events.
        sse: 'manual',
        schema: {
          tags,
          summary: 'Follow a comparison; it goes on if the client leaves',
          params: ComparisonParams,
          response: {
            200: events('`progress` events, then `done` or `error`'),
          },
        },
      },
      async (request, reply) => {
        const signal = clientSignal(reply)
        await comparisons.status(request.params.id)
        try {
          for await (const { event, data } of comparisons.follow(request.params.id, signal)) {
            await reply.sse.send({ event, data })
          }
        } catch (error) {
          if (!signal.aborted) {
            const { code, message } = toQuantvoxError(error)
            await reply.sse.send({ event: 'error', data: { code, message } })
          }
        }
        reply.sse.close()
      },
    )
    app.post(
      '/v1/comparisons/:id/resume',
      {
        schema: {
          tags,
          summary: 'Go on with one that was interrupted or cancelled, or that failed, from where it was',
          params: ComparisonParams,
          response: { 202: json('Queued', ComparisonStatus), ...problems(409) },
        },
      },
      async (request, reply) => reply.code(202).send(await comparisons.resume(request.params.id)),
    )
    app.delete(
      '/v1/comparisons/:id',
      {
        schema: {
          tags,
          summary: 'Cancel one that runs or waits, keeping what it observed; forget one that has ended',
          params: ComparisonParams,
          response: { 204: { description: 'Cancelled or forgotten', type: 'null' } },
        },
      },
      async (request, reply) => {
        await comparisons.remove(request.params.id)
        return reply.code(204).send(null)
      },
    )
  }
}
