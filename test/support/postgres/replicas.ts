import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { freePort } from '../../../server/engines/ports.ts'
import { type ScriptedServer, startScriptedServer } from '../scriptedServer/start.ts'
import { type PostgresServer, startPostgres } from './server.ts'

/** Longest that a test of several servers takes, milliseconds. */
export const WHOLE_MS = 180_000
/** `npm run check:deep` goes on for longer, with as many restarts and kills as docs/scale.md tells of. */
export const isDeep = process.env.SCALE === 'deep'

/** Of the log of each server, where a test failed. */
const LOG_SHOWN = 4_000

/** A PostgreSQL for the tests of a file, and servers on scripted engines that share a record in it, killed after each test. */
export function useReplicas(settings: Record<string, string> = {}) {
  let postgres: PostgresServer
  let folder: string
  const servers: ScriptedServer[] = []
  const ports = new Map<string, number>()
  beforeAll(async () => {
    postgres = await startPostgres()
    folder = await mkdtemp(join(tmpdir(), 'quantvox-replicas-'))
  }, WHOLE_MS)
  afterEach(async ({ task }) => {
    for (const server of servers.splice(0)) {
      if (task.result?.state === 'fail') console.warn(`${server.dataDir}: ${server.log().slice(-LOG_SHOWN)}`)
      server.child.kill('SIGKILL')
      await server.exited
    }
  }, WHOLE_MS)
  afterAll(async () => {
    await postgres?.remove()
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  })

  return {
    postgres: () => postgres,
    folder: () => folder,
    /** One that is started again with the same name finds the same DATA_DIR, and is found at the same port. */
    async replica(name: string, url: string): Promise<ScriptedServer> {
      const port = ports.get(name) ?? (await freePort())
      ports.set(name, port)
      const given = { RECORD_URL: url, REPLICA_ID: name, PORT: `${port}`, ...settings }
      const server = await startScriptedServer(join(folder, name), given)
      servers.push(server)
      return server
    },
  }
}
