import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../../server/config.ts'
import { toQuantvoxError } from '../../server/errors.ts'
import { problemOfRecord } from '../../server/record/sqlite/examine.ts'
import { TURN_FILE_NAME } from '../../server/record/sqlite/store.ts'
import { type Finding, finding } from './finding.ts'

/** The record of turns: whether it can be read and written, and is whole; of one in PostgreSQL, whether it answers. */
export async function examineRecord(config: Config): Promise<Finding> {
  if (config.RECORD_URL !== null) return examineShared(config.RECORD_URL)
  const why = 'Turns that the record does not take are answered, but lost at the next stop.'
  const path = join(config.DATA_DIR, TURN_FILE_NAME)
  if (!existsSync(path)) return finding('record', `none yet at ${path}`, null, why)
  const problem = await problemOfRecord(path)
  if (problem === null) return finding('record', `${path} is whole`, null, why)
  return finding('record', problem.message, { state: 'wrong', mend: problem.mend ?? '' }, why)
}

async function examineShared(url: string): Promise<Finding> {
  const why = 'Turns are answered and kept in DATA_DIR, but lists and summaries cannot be had.'
  const { readSharedRecord } = await import('../../server/record/postgres/store.ts')
  const record = readSharedRecord(url)
  try {
    await record.list({}, 1)
    return finding('record', 'PostgreSQL answers at RECORD_URL', null, why)
  } catch (error) {
    const { message, mend = '' } = toQuantvoxError(error)
    return finding('record', message, { state: 'wrong', mend }, why)
  } finally {
    await record.close()
  }
}
