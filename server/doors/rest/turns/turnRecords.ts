import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyPluginAsync, FastifyReply } from 'fastify'
import Type from 'typebox'
import { patiently } from '../../../abort.ts'
import { createGate } from '../../../engines/gate.ts'
import { isAbort, QuantvoxError } from '../../../errors.ts'
import { StoredTurn } from '../../../protocol/record.ts'
import {
  DEFAULT_PAGE_SIZE,
  type GroupKey,
  Summary,
  SummaryQuery,
  type TurnFilters,
  TurnPage,
  TurnParams,
  TurnsQuery,
} from '../../../protocol/turnQueries.ts'
import { turnsAsCsv, turnsAsNdjson } from '../../../record/export.ts'
import { summarize } from '../../../record/summary.ts'
import type { TurnStore } from '../../../record/turnStore.ts'
import { json, problems } from '../answers.ts'
import { begun } from '../begun.ts'
import { clientSignal } from '../clientSignal.ts'
import { strictValidator } from '../strictValidator.ts'

/** At once: each reads all rows of its selection and holds their figures. */
const MOST_SUMMARIES = 2
/** Others wait their turn so long, and those who left take none: a page asks for two whenever a filter changes. */
const SUMMARY_PATIENCE_MS = 30_000

const tags = ['Turns']
const streamed = (description: string) => ({ schema: Type.String({ description }) })

/**
 * The reading side of the turn record: `GET /v1/turns`, `GET` and `DELETE /v1/turns/:id`, `GET /v1/summary`.
 *
 * @param dependencies.deleteAudio forgets the kept audio of a deleted turn, waited for; must not fail for one without
 */
export function turnRecordRoutes(dependencies: {
  store: TurnStore
  deleteAudio?(turnId: string): unknown
}): FastifyPluginAsync {
  const { store, deleteAudio } = dependencies
  const summaries = createGate(() => MOST_SUMMARIES)

  const tooMany = () =>
    new QuantvoxError('at_capacity', `${summaries.waiting()} summaries wait to be made already.`, {
      retryAfterSeconds: 10,
    })

  return async fastify => {
    const app = fastify.withTypeProvider<TypeBoxTypeProvider>()
    // Fastify's own validator drops unknown names silently; a misspelt filter would then select everything.
    app.setValidatorCompiler(strictValidator)
    // What we send is typed; compiled serializers try each branch of the many nullable fields and are slower.
    app.setSerializerCompiler(() => data => JSON.stringify(data))

    app.get(
      '/v1/turns',
      {
        schema: {
          tags,
          summary: 'Recorded turns, newest first; a page, or all of them as CSV or NDJSON',
          querystring: TurnsQuery,
          response: {
            200: {
              description: 'A page of turns, or a stream of the whole selection',
              content: {
                'application/json': { schema: TurnPage },
                'text/csv': streamed('one dotted path of the record a column'),
                'application/x-ndjson': streamed('one turn a line'),
              },
            },
            ...problems(400),
          },
        },
      },
      async (request, reply) => {
        const { limit, cursor, format, ...filters } = request.query
        if (format === undefined || format === 'json') {
          return store.list(filters, limit ?? DEFAULT_PAGE_SIZE, cursor)
        }
        if (limit !== undefined || cursor !== undefined) throw streamTakesNoPage(format)
        return sendStream(reply, store, filters, format)
      },
    )

    app.get(
      '/v1/turns/:id',
      {
        schema: {
          tags,
          summary: 'One turn',
          params: TurnParams,
          response: { 200: json('The turn', StoredTurn) },
        },
      },
      async request => {
        const turn = await store.get(request.params.id)
        if (!turn) throw unknownTurn(request.params.id)
        return turn
      },
    )

    app.delete(
      '/v1/turns/:id',
      {
        schema: {
          tags,
          summary: 'Forget a turn: its row, its text and its audio',
          params: TurnParams,
          response: { 204: { description: 'Forgotten', type: 'null' } },
        },
      },
      async (request, reply) => {
        // Audio first: what comes in between leaves a turn that can be deleted again, never audio without one.
        await deleteAudio?.(request.params.id)
        const known = await store.delete(request.params.id)
        if (!known) throw unknownTurn(request.params.id)
        return reply.code(204).send(null)
      },
    )

    app.get(
      '/v1/summary',
      {
        schema: {
          tags,
          summary: 'Statistics of every timing, per group',
          querystring: SummaryQuery,
          response: { 200: json('Groups, largest first', Summary) },
        },
      },
      async (request, reply) => {
        const { groupBy, ...filters } = request.query
        const gone = clientSignal(reply)
        const keys = [...new Set(groupBy?.split(',') ?? [])] as GroupKey[] // the schema's pattern allows no other
        try {
          const place = await patiently(SUMMARY_PATIENCE_MS, gone, tooMany, signal =>
            summaries.enter(request.ip, signal),
          )
          return await summarize(store, keys, filters, gone).finally(place.leave)
        } catch (error) {
          if (!isAbort(error, gone)) throw error
          return reply.hijack() // the client left: there is nobody to answer, and nothing went wrong
        }
      },
    )
  }
}

/** Fastify destroys the stream when the client leaves, which ends the reading. */
async function sendStream(
  reply: FastifyReply,
  store: TurnStore,
  filters: TurnFilters,
  format: 'csv' | 'ndjson',
): Promise<FastifyReply> {
  const turns = await begun(store.stream(filters))
  const day = new Date().toISOString().slice(0, 10)
  return reply
    .type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson; charset=utf-8')
    .header('content-disposition', `attachment; filename="quantvox-turns-${day}.${format}"`)
    .send(format === 'csv' ? turnsAsCsv(turns) : turnsAsNdjson(turns))
}

function unknownTurn(id: string): QuantvoxError {
  return new QuantvoxError('not_found', `There is no turn ${id} in the record.`, {
    mend: 'List the turns with "npx quantvox turns list" or GET /v1/turns.',
  })
}

function streamTakesNoPage(format: string): QuantvoxError {
  return new QuantvoxError('invalid_request', `format=${format} takes no limit and no cursor.`, {
    meaning: 'It streams the whole selection.',
    mend: 'Leave them out, or narrow the selection with since and until.',
  })
}
