import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { type ScriptedServer, startScriptedServer } from '../scriptedServer/start.ts'
import { type PostgresServer, startPostgres } from './server.ts'

/** Longest that a test of several servers takes, milliseconds. */
export const WHOLE_MS = 180_000

/** A PostgreSQL for the tests of a file, and servers on scripted engines that share a record in it, killed after each test. */
export function useReplicas(settings: Record<string, string> = {}) {
  let postgres: PostgresServer
  let folder: string
  const servers: ScriptedServer[] = []
  beforeAll(async () => {
    postgres = await startPostgres()
    folder = await mkdtemp(join(tmpdir(), 'quantvox-replicas-'))
  }, WHOLE_MS)
  afterEach(async () => {
    for (const server of servers.splice(0)) {
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
    /** One that is started again with the same name finds the same DATA_DIR. */
    async replica(name: string, url: string): Promise<ScriptedServer> {
      const given = { RECORD_URL: url, REPLICA_ID: name, ...settings }
      const server = await startScriptedServer(join(folder, name), given)
      servers.push(server)
      return server
    },
  }
}
