import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../../..')

/** Runs voice activity in a process whose home is empty, and gives the files that are there afterwards. */
async function leftInHome(): Promise<string[]> {
  const home = await mkdtemp(join(tmpdir(), 'quantvox-home-'))
  const program = `await (await import('./server/hearing/voiceActivity.ts')).createVoiceActivity()`
  try {
    const env = { PATH: process.env.PATH, HOME: home, XDG_CACHE_HOME: join(home, '.cache') }
    await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: root, env })
    const entries = await readdir(home, { recursive: true, withFileTypes: true })
    return entries.filter(entry => entry.isFile()).map(({ name }) => name)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

test('the library of voice activity keeps no id of the device, which it would send to its maker', async () => {
  expect(await leftInHome()).toEqual([])
})
