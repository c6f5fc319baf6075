import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { withLock } from '../../../server/setup/lock.ts'

// One of two setups at once: node lockUser.ts CACHE_DIR NAME LOG. Writes when it enters and leaves the locked part.
const [cacheDir = '', name = '', log = ''] = process.argv.slice(2)
const context = { cacheDir, signal: AbortSignal.timeout(60_000), onProgress: () => undefined }
process.stdout.write('started\n')
await withLock('item', context, async () => {
  appendFileSync(log, `${name} in\n`)
  await sleep(name === 'sleeper' ? 60_000 : 300)
  appendFileSync(log, `${name} out\n`)
})
