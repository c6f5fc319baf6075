import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/schema'
import type { Log } from '../log.ts'
import { signalGroup } from './guard.ts'
import { processIdentity } from './processIdentity.ts'

/** One file a running engine, so that the next start can end what a killed server left behind. */
const RunRecord = Type.Object({
  name: Type.String(),
  pid: Type.Integer({ minimum: 2 }),
  identity: Type.String(),
  ownerPid: Type.Integer(),
  ownerIdentity: Type.String(),
})
type RunRecord = Static<typeof RunRecord>
const record = Compile(RunRecord)

const recordPath = (runDir: string, pid: number) => join(runDir, `${pid}.json`)

/** Notes a running engine in `runDir`. Never fails: without the note only the clean-up of orphans is lost. */
export async function noteRunning(runDir: string, name: string, pid: number, log: Log): Promise<void> {
  try {
    const [identity, ownerIdentity] = await Promise.all([processIdentity(pid), processIdentity(process.pid)])
    if (identity === null || ownerIdentity === null) return
    const note: RunRecord = { name, pid, identity, ownerPid: process.pid, ownerIdentity }
    await mkdir(runDir, { recursive: true })
    await writeFile(recordPath(runDir, pid), JSON.stringify(note))
  } catch (error) {
    log.warn({ engine: name, err: error }, 'could not note the running engine')
  }
}

export async function noteEnded(runDir: string, pid: number): Promise<void> {
  await forgetNote(recordPath(runDir, pid))
}

/** A note that stays is no harm: what it names is told by its start time. */
function forgetNote(path: string): Promise<void> {
  return rm(path, { force: true }).catch(() => undefined)
}

async function endOrphan(orphan: RunRecord): Promise<void> {
  signalGroup(orphan.pid, 'SIGTERM')
  for (let waitedMs = 0; waitedMs < 3000; waitedMs += 50) {
    await sleep(50)
    if ((await processIdentity(orphan.pid)) !== orphan.identity) return
  }
  signalGroup(orphan.pid, 'SIGKILL')
}

/**
 * Ends the engines that a server which is no longer there left running, by the notes in `runDir`. A process is only
 * ever signalled when its pid and its start time are those of the note, and its owner is gone.
 * @returns the names of the engines that were ended.
 */
export async function cleanOrphans(runDir: string, log: Log): Promise<string[]> {
  const names = await readdir(runDir).catch(() => [])
  const ended = await Promise.all(
    names
      .filter(name => name.endsWith('.json'))
      .map(async name => {
        const path = join(runDir, name)
        const note: unknown = await readFile(path, 'utf8')
          .then(text => JSON.parse(text))
          .catch(() => null)
        if (!record.Check(note)) {
          await forgetNote(path)
          return null
        }
        if ((await processIdentity(note.ownerPid)) === note.ownerIdentity) return null
        const alive = (await processIdentity(note.pid)) === note.identity
        if (alive) {
          log.warn(
            { engine: note.name, enginePid: note.pid },
            'ending an engine that an earlier server left running',
          )
          await endOrphan(note)
        }
        await forgetNote(path)
        return alive ? note.name : null
      }),
  )
  return ended.filter(name => name !== null)
}
