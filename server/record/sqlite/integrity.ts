import { DatabaseSync } from 'node:sqlite'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { QuantvoxError } from '../../errors.ts'
import { moveAway, sqliteCode } from './database.ts'

/**
 * Reads the whole file on a thread of its own, since it takes about a second for 300 MB, and tells where it is damaged;
 * null for a whole one, and for one that cannot be opened, which its store says.
 */
export async function findDamage(path: string): Promise<QuantvoxError | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>()
  const worker = new Worker(new URL(import.meta.url), { workerData: path })
  worker.unref()
  worker.once('message', resolve)
  worker.once('error', () => resolve(null))
  worker.once('exit', () => resolve(null))
  const found = await promise
  if (found === null) return null
  return new QuantvoxError('internal', `The turn record ${path} is damaged (${found}).`, {
    meaning: 'New turns may still be recorded, but older ones may be lost or unreadable.',
    mend: moveAway,
  })
}

/** The first thing that SQLite's integrity check complains of; null when there is none. Throws SQLite's errors. */
function firstComplaint(path: string): string | null {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 })
  try {
    const [row] = database.prepare('PRAGMA integrity_check(1)').all()
    const said = String(row?.integrity_check)
    return said === 'ok' ? null : (said.split('\n')[0] ?? said)
  } catch (error) {
    if (sqliteCode(error) === 11) return (error as Error).message
    throw error
  } finally {
    database.close()
  }
}

if (!isMainThread && typeof workerData === 'string') parentPort?.postMessage(firstComplaint(workerData))
