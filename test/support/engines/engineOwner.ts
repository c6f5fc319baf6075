// A server reduced to one engine, for the tests that kill it: node engineOwner.ts RUN_DIR guarded|instant|unguarded|flite
import { spawn } from 'node:child_process'
import { writeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pino from 'pino'
import { startChild } from '../../../server/engines/child.ts'
import { createFlite } from '../../../server/engines/flite/flite.ts'
import { noteRunning } from '../../../server/engines/orphans.ts'
import { supervise } from '../../../server/engines/supervise.ts'

const [runDir = '', mode] = process.argv.slice(2)
const fake = fileURLToPath(new URL('./fakeEngine.mjs', import.meta.url))
const log = pino({ level: 'silent' })

if (mode === 'guarded') {
  const engine = supervise(
    {
      name: 'fake',
      program: port => ({ path: process.execPath, args: [fake, String(port)] }),
      healthy: async (url, signal) => (await fetch(`${url}/health`, { signal })).ok,
      runDir,
    },
    log,
  )
  const { pid } = await engine.ready(new AbortController().signal)
  console.log(pid)
} else if (mode === 'instant') {
  // Killed in the moment after the engine was started, before anything else could happen.
  const { pid } = startChild('fake', { path: process.execPath, args: [fake, '0'] }, log, runDir)
  writeSync(1, `${pid}\n`)
  process.kill(process.pid, 'SIGKILL')
} else if (mode === 'flite') {
  const flite = createFlite({ log })
  await flite.warm(new AbortController().signal)
  console.log(flite.status().pid)
} else {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], {
    stdio: 'ignore',
    detached: true,
  })
  const pid = child.pid ?? 0
  await noteRunning(runDir, 'fake', pid, log)
  console.log(pid)
}
