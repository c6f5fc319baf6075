import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../../server/config.ts'
import { problemOfRecord } from '../../server/record/sqlite/examine.ts'
import { TURN_FILE_NAME } from '../../server/record/sqlite/store.ts'
import { type Finding, finding } from './finding.ts'

/** The record of turns: whether it can be read and written, and is whole. */
export async function examineRecord(config: Config): Promise<Finding> {
  const why = 'Turns that the record does not take are answered, but lost at the next stop.'
  const path = join(config.DATA_DIR, TURN_FILE_NAME)
  if (!existsSync(path)) return finding('record', `none yet at ${path}`, null, why)
  const problem = await problemOfRecord(path)
  if (problem === null) return finding('record', `${path} is whole`, null, why)
  return finding('record', problem.message, { state: 'wrong', mend: problem.mend ?? '' }, why)
}
