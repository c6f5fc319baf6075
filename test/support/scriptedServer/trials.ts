import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { joinSamples, samplesIn } from '../../../server/audio/pcm.ts'
import { readClip } from '../../../server/audio/readClip.ts'
import { descendantsOf, listProcesses } from '../../../server/engines/processes.ts'
import { processIdentity } from '../../../server/engines/processIdentity.ts'
import { openTurnStore, TURN_FILE_NAME } from '../../../server/record/sqlite/store.ts'
import { clip } from '../liveServer.ts'
import { randomFrom } from '../record/records.ts'
import { type ScriptedServer, startScriptedServer } from './start.ts'
import { type Talk, talk } from './talkers.ts'

/** A signal that meets a server at a random moment of live turns, over and over on the same data and cache. */
export type Trial = { server: ScriptedServer; talk: Talk; atMs: number }

/** A clip, and silence that ends the turn. */
export async function question(): Promise<Int16Array> {
  const { samples } = await readClip(clip('azure-weather'), 60, new AbortController().signal)
  return joinSamples([samples, new Int16Array(samplesIn(600))])
}

/**
 * Runs `count` trials, one server after another. What each must leave behind is checked here: a row of every turn that
 * ended, and no process. `check` looks at the rest.
 *
 * @returns what went wrong, a line each, and how many turns had ended
 */
export async function signalTrials(
  signal: 'SIGTERM' | 'SIGKILL',
  count: number,
  check: (trial: Trial) => Promise<string[]>,
): Promise<{ wrong: string[]; turnsEnded: number }> {
  const folder = await mkdtemp(join(tmpdir(), `quantvox-${signal.toLowerCase()}-`))
  const random = randomFrom(signal.length + count)
  const said = await question()
  const wrong: string[] = []
  let turnsEnded = 0
  try {
    for (let number = 1; number <= count; number++) {
      const server = await startScriptedServer(folder, { LOG_LEVEL: 'warn', STOP_SECONDS: '10' })
      const talking = await talk(server.url, said, random)
      const atMs = random() * 900
      await sleep(atMs)
      const processes = await identitiesBelow(server.pid)
      server.child.kill(signal)
      await server.exited
      const complaints = [
        ...(await check({ server, talk: talking, atMs })),
        ...(await lostRows(server, talking.ended)),
        ...(await leftOver(processes)),
      ]
      turnsEnded += talking.ended.size
      wrong.push(
        ...complaints.map(
          what => `${signal} ${number} after ${Math.round(atMs)} ms: ${what}\n${server.log()}`,
        ),
      )
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  return { wrong, turnsEnded }
}

/** Turns of `ids` that the record does not have, read as the next start would find it. */
export async function lostRows({ dataDir }: { dataDir: string }, ids: Iterable<string>): Promise<string[]> {
  const store = openTurnStore(join(dataDir, TURN_FILE_NAME), { saveText: true })
  const problem = store.status.problem
  const lost: string[] = []
  if (problem === null) for (const id of ids) if ((await store.get(id)) === null) lost.push(id)
  store.close()
  return [...(problem === null ? [] : [problem.line]), ...lost.map(id => `the row of ${id} is lost`)]
}

type Identified = { pid: number; identity: string; command: string }

/** All that a process started, directly or not, each told from any later process of its number. */
export async function identitiesBelow(pid: number): Promise<Identified[]> {
  const found = descendantsOf(pid, await listProcesses())
  const identified = await Promise.all(
    found.map(async info => ({
      pid: info.pid,
      identity: await processIdentity(info.pid),
      command: info.command.join(' '),
    })),
  )
  return identified.filter((one): one is Identified => one.identity !== null)
}

/** Those that still run after 10 s, more than any engine is given to end. */
export async function leftOver(processes: Identified[]): Promise<string[]> {
  let left = processes
  for (const giveUpAt = performance.now() + 10_000; left.length > 0 && performance.now() < giveUpAt; ) {
    await sleep(20)
    const now = await Promise.all(left.map(({ pid }) => processIdentity(pid)))
    left = left.filter((one, i) => now[i] === one.identity)
  }
  return left.map(({ command }) => `still runs: ${command}`)
}
