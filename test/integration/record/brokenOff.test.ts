import { createServer, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { openPostgres } from '../../../server/record/postgres/database.ts'

let server: Server | null = null
afterEach(() => void server?.close())

/** AuthenticationOk and ReadyForQuery (https://www.postgresql.org/docs/current/protocol-message-formats.html). */
const ready = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49])

/** Lets everybody in, and breaks off at the first question. */
async function dying(): Promise<string> {
  const listening = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write(ready)
      socket.once('data', () => socket.resetAndDestroy())
    })
  })
  server = listening
  await new Promise<void>(settle => listening.listen(0, '127.0.0.1', settle))
  const address = listening.address()
  return `postgres://quantvox@127.0.0.1:${typeof address === 'object' ? address?.port : 0}/none`
}

test('PostgreSQL that dies while it is asked for its schema is away, and ends no server', async () => {
  const uncaught: unknown[] = []
  const note = (error: unknown) => uncaught.push(error)
  const before = process.rawListeners('uncaughtException')
  process.removeAllListeners('uncaughtException').on('uncaughtException', note)
  const database = openPostgres(await dying(), 'a')
  try {
    await expect(database.query('SELECT 1')).rejects.toMatchObject({ code: 'record_unavailable' })
    await new Promise(settle => setTimeout(settle, 100))
    expect(uncaught).toEqual([])
  } finally {
    process.off('uncaughtException', note)
    for (const listener of before) process.on('uncaughtException', listener as (error: Error) => void)
    await database.close()
  }
})
