import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify'
import { turnRecordRoutes } from '../../../server/doors/rest/turnRecords.ts'
import { errorTable, toQuantvoxError } from '../../../server/errors.ts'
import { openTurnStore } from '../../../server/record/sqlite/store.ts'
import type { TurnStore } from '../../../server/record/turnStore.ts'
import { makeTurns } from './records.ts'

/** A record of its own in `folder`, and its routes without the rest of the app. */
export type ServedRecord = {
  folder: string
  store: TurnStore
  app: FastifyInstance
  /** Turns whose audio was deleted. */
  deletedAudio: string[]
  /** Puts so many turns in. */
  fill(count: number): ReturnType<typeof makeTurns>
  get(url: string): Promise<LightMyRequestResponse>
  close(): Promise<void>
}

export async function serveRecord(): Promise<ServedRecord> {
  const folder = mkdtempSync(join(tmpdir(), 'quantvox-records-'))
  const store = openTurnStore(join(folder, 'turns.sqlite'), { saveText: true })
  const deletedAudio: string[] = []
  const app = Fastify()
  app.setErrorHandler((error, _request, reply) => {
    const known = toQuantvoxError(error)
    return reply
      .code(errorTable[known.code].http)
      .type('application/problem+json')
      .send({ code: known.code, detail: known.line })
  })
  await app.register(swagger, { openapi: { openapi: '3.1.0' } })
  await app.register(turnRecordRoutes({ store, deleteAudio: turnId => deletedAudio.push(turnId) }))
  return {
    ...{ folder, store, app, deletedAudio },
    fill(count) {
      const made = makeTurns(count)
      for (const { record, text } of made) store.insert(record, text)
      return made
    },
    get: url => app.inject({ method: 'GET', url }),
    async close() {
      await app.close()
      store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
