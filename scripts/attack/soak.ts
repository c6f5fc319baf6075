import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Value from 'typebox/value'
import { ServerInfo } from '../../server/protocol/info.ts'
import { randomFrom } from '../../server/shared/seeded.ts'
import { type ScriptedServer, startScriptedServer } from '../../test/support/scriptedServer/start.ts'
import { talk } from '../../test/support/scriptedServer/talkers.ts'
import { lostRows, question } from '../../test/support/scriptedServer/trials.ts'

const WARM_UP_MINUTES = 10
const MAX_MB_PER_HOUR = 1
const READINGS_PER_MINUTE = 6
/** Fewer say nothing. */
const FEWEST_READINGS = 30
/** A growth within so many standard errors of what is allowed may be chance. */
const SURE_ERRORS = 2
const COLLECTED_WITHIN_MS = 500
/** For start and stop of the server. */
const SPARE_MINUTES = 10
/** As the launcher starts it, and what is garbage can be told from what is kept. */
const NODE_OPTIONS = '--max-semi-space-size=2 --expose-gc'

/**
 * Turns without end over REST and in two live sessions, for so many minutes, of a server process on scripted engines: they take
 * no time, so that as many turns come as can. Of each turn that ended there is a row, none is waited for in vain, and the
 * server's resident memory after a collection grows by at most 1 MB an hour once it has warmed up for ten minutes. Gives the
 * number of faults.
 */
export async function soak(
  { minutes, seed }: { minutes: number; seed: number },
  print: (line: string) => void,
): Promise<number> {
  print(`soak: ${minutes} minutes, seed ${seed}`)
  const faults: string[] = []
  const folder = await mkdtemp(join(tmpdir(), 'quantvox-soak-'))
  // Engines that end by themselves would fail turns.
  const SCRIPTED_LIFE_MS = String((minutes + SPARE_MINUTES) * 60_000)
  const server = await startScriptedServer(folder, { LOG_LEVEL: 'warn', NODE_OPTIONS, SCRIPTED_LIFE_MS })
  const { ended } = await talk(server.url, await question(), randomFrom(seed))
  const readings: [hours: number, megabytes: number][] = []
  const startedAt = performance.now()
  for (let left = minutes * READINGS_PER_MINUTE; left > 0; left--) {
    const before = ended.size
    await sleep(60_000 / READINGS_PER_MINUTE)
    const minute = (performance.now() - startedAt) / 60_000
    const kept = await residentMegabytes(server)
    if (ended.size === before) faults.push(`no turn ended in the 10 s before minute ${minute.toFixed(1)}`)
    if (left % READINGS_PER_MINUTE === 1)
      print(`  minute ${minute.toFixed(0)}: ${kept.toFixed(1)} MB, ${ended.size} turns`)
    if (minute > WARM_UP_MINUTES) readings.push([minute / 60, kept])
  }
  const code = await server.stop()
  if (code !== 0) faults.push(`it ended with ${code}`)
  faults.push(...(await lostRows(server, ended)))
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  if (readings.length >= FEWEST_READINGS) {
    const { slope, standardError } = growth(readings)
    print(`  resident memory grows by ${slope.toFixed(2)} ± ${standardError.toFixed(2)} MB an hour`)
    if (slope - SURE_ERRORS * standardError > MAX_MB_PER_HOUR)
      faults.push(`its memory grows by more than ${MAX_MB_PER_HOUR} MB an hour`)
  }
  for (const fault of faults) print(`  fault: ${fault}`)
  print(`  ${ended.size} turns, ${faults.length} faults`)
  return faults.length
}

async function residentMegabytes({ url, child }: ScriptedServer): Promise<number> {
  child.kill('SIGUSR2')
  await sleep(COLLECTED_WITHIN_MS)
  const info: unknown = await (await fetch(`${url}/v1/info`)).json()
  Value.Assert(ServerInfo, info)
  return info.process.residentBytes / 1e6
}

/** Of the least-squares line through the points, and its standard error. */
function growth(points: readonly [number, number][]): { slope: number; standardError: number } {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length
  const [meanX, meanY] = [mean(0), mean(1)]
  const sum = (of: (x: number, y: number) => number) =>
    points.reduce((total, [x, y]) => total + of(x - meanX, y - meanY), 0)
  const spread = sum(x => x * x)
  const slope = sum((x, y) => x * y) / spread
  const errors = sum((x, y) => (y - slope * x) ** 2)
  return { slope, standardError: Math.sqrt(errors / (points.length - 2) / spread) }
}
