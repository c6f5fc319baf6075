import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'quantvox-driver-'))
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

/** Prints a line for each module of the driver that is looked for, by the whole server and by opening its record. */
const program = (recordUrl: string | null) => `
  import { registerHooks } from 'node:module'
  registerHooks({ resolve(name, context, next) {
    if (name === 'pg') console.log(name)
    return next(name, context)
  } })
  await import('./server/main.ts')
  const { openRecord } = await import('./server/assembly/record/openRecord.ts')
  const { silentLog } = await import('./server/log.ts')
  const config = { RECORD_URL: ${JSON.stringify(recordUrl)}, REPLICA_ID: 'a', DATA_DIR: ${JSON.stringify(folder)}, SAVE_TEXT: true }
  const { store } = await openRecord(config, silentLog)
  store.close()
  process.exit()
`

test.each([
  [null, ''],
  ['postgres://127.0.0.1:1/none', 'pg'],
])(
  'the driver of PostgreSQL is read only where RECORD_URL is set (%s)',
  async (recordUrl, read) => {
    const cwd = join(import.meta.dirname, '../../..')
    const args = ['--input-type=module', '--eval', program(recordUrl)]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd })
    expect(stdout.trim().split('\n')[0]).toBe(read)
  },
  120_000,
)
