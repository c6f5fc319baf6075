// A server reduced to one engine, for the tests that kill it: node engineOwner.ts guarded|instant|stopping|flite
import { writeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pino from 'pino'
import { startChild } from '../../../server/engines/child.ts'
import { createFlite } from '../../../server/engines/flite/flite.ts'
import { supervise } from '../../../server/engines/supervise.ts'

const mode = process.argv[2]
const fake = fileURLToPath(new URL('./fakeEngine.mjs', import.meta.url))
const log = pino({ level: 'silent' })

if (mode === 'guarded' || mode === 'stopping') {
  const engine = supervise(
    {
      name: 'fake',
      program: port => ({
        path: process.execPath,
        args: [fake, String(port)],
        env: { FAKE_MODE: mode === 'stopping' ? 'stubborn' : 'good' },
      }),
      healthy: async (url, signal) => (await fetch(`${url}/health`, { signal })).ok,
      graceMs: 60_000,
    },
    log,
  )
  const { pid } = await engine.ready(new AbortController().signal)
  // An engine that does not end when it is asked to keeps the server in its stop.
  if (mode === 'stopping') void engine.stop()
  console.log(pid)
} else if (mode === 'instant') {
  // Killed in the moment after the engine was started, before anything else could happen.
  const { pid } = startChild('fake', { path: process.execPath, args: [fake, '0'] }, log)
  writeSync(1, `${pid}\n`)
  process.kill(process.pid, 'SIGKILL')
} else {
  const flite = createFlite({ log })
  await flite.warm(new AbortController().signal)
  console.log(flite.status().pid)
}
