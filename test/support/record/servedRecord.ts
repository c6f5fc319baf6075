import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach } from 'vitest'
import { turnRecordRoutes } from '../../../server/doors/rest/turns/turnRecords.ts'
import { errorTable, toQuantvoxError } from '../../../server/errors.ts'
import { openTurnStore } from '../../../server/record/sqlite/store.ts'
import type { TurnStore } from '../../../server/record/turnStore.ts'
import { makeTurns } from './records.ts'

type Served = {
  folder: string
  store: TurnStore
  app: FastifyInstance
  /** Turns whose audio was deleted. */
  deletedAudio: string[]
  close(): Promise<void>
}

/** For each test of a file a record of its own in `folder`, and its routes without the rest of the app. */
export function servedRecord() {
  let served: Served
  beforeEach(async () => {
    served = await serve()
  })
  afterEach(() => served.close())
  return {
    now: () => served,
    /** Puts so many turns in. */
    fill(count: number) {
      const made = makeTurns(count)
      for (const { record, text } of made) served.store.insert(record, text)
      return made
    },
    get: (url: string) => served.app.inject({ method: 'GET', url }),
  }
}

async function serve(): Promise<Served> {
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
    async close() {
      await app.close()
      store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
