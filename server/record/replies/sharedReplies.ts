import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { validate } from 'uuid'
import { QuantvoxError } from '../../errors.ts'
import { makePrivate, PRIVATE_FOLDER, writePrivately } from '../../files/privateFiles.ts'
import type { Log } from '../../log.ts'
import { findOnItsWay } from '../rows.ts'
import { whereThere } from './folderStore.ts'
import { type ReplyFolder, type ReplyStore, replyFiles, replyFolders } from './replyStore.ts'

const RETRY_MS = 1_000
const SWEEP_MS = 5 * 60_000
/** Who asks another server sooner than a reply has arrived waits for it so long; for one of a turn of long ago nobody does. */
const ON_ITS_WAY_MS = 2_000
const LOOK_MS = 100

type SharedOptions = {
  store: ReplyStore
  /** Where replies wait for it: a folder of this server alone. */
  outgoing: string
  /** How long what is in `replies` is kept. */
  lifeMs: number
  log?: Log
}

/**
 * Spoken replies where all servers find them. Like a row of the record a reply is written to a file of this server first, so that no turn
 * waits for the store, and taken there from it, also after a restart.
 */
export async function createSharedReplies({ store, outgoing, lifeMs, log }: SharedOptions) {
  makePrivate(outgoing)
  const pathOf = (folder: ReplyFolder, turnId: string) => join(outgoing, folder, turnId)
  let problem: QuantvoxError | null = null
  let running: Promise<void> | null = null
  let isAskedAgain = false
  let timer: NodeJS.Timeout | null = null
  let isClosed = false

  const waiting = async (folder: ReplyFolder) =>
    ((await whereThere(readdir(join(outgoing, folder)))) ?? []).filter(name => validate(name)).toSorted()

  async function take(folder: ReplyFolder, turnId: string): Promise<void> {
    const path = pathOf(folder, turnId)
    const written = await whereThere(stat(path))
    if (written === null) return
    // Nobody asks for it any more.
    const isOver = folder === 'replies' && written.mtimeMs + lifeMs < Date.now()
    for (const file of isOver ? [] : replyFiles) {
      const data = await whereThere(readFile(join(path, file)))
      if (data !== null) await store.put(folder, turnId, file, data)
    }
    await rm(path, { recursive: true, force: true })
  }

  async function takeAll(): Promise<void> {
    do {
      isAskedAgain = false
      for (const folder of replyFolders) {
        for (const turnId of await waiting(folder)) if (!isClosed) await take(folder, turnId)
      }
    } while (isAskedAgain && !isClosed)
    if (problem !== null)
      log?.info({}, 'Spoken replies reach REPLY_STORE again; those that waited are there.')
    problem = null
  }

  function wake(): void {
    isAskedAgain = true
    if (running !== null || timer !== null || isClosed) return
    running = takeAll()
      .catch((error: unknown) => {
        const told = unavailable(store.where, error)
        if (problem === null) log?.warn({ err: error }, told.line)
        problem = told
        later()
      })
      .finally(() => {
        running = null
        if (isAskedAgain && problem === null) wake()
      })
  }

  function later(): void {
    timer = setTimeout(() => {
      timer = null
      wake()
    }, RETRY_MS).unref()
  }

  async function find(turnId: string): Promise<Buffer | null> {
    for (const folder of replyFolders) {
      const own = await whereThere(readFile(join(pathOf(folder, turnId), 'reply.wav')))
      const found = own ?? (await store.get(folder, turnId, 'reply.wav'))
      if (found !== null) return found
    }
    return null
  }

  /** What no server removed, as it ended before; whichever comes first does it. */
  async function sweep(): Promise<void> {
    const old = (await store.list('replies')).filter(({ putAtMs }) => putAtMs + lifeMs < Date.now())
    for (const { turnId } of old) await store.delete('replies', turnId)
  }
  const sweeping = setInterval(() => {
    sweep().catch((error: unknown) => log?.warn({ err: error }, unavailable(store.where, error).line))
  }, SWEEP_MS).unref()
  await removeUnfinished(outgoing)
  wake()

  return {
    /** Why what waits does not get there; null where it does. */
    problem: () => problem,
    /** How many turns wait. */
    waiting: async () =>
      (await Promise.all(replyFolders.map(waiting))).reduce((sum, names) => sum + names.length, 0),
    /** Settles as soon as it is safe in a file. */
    async keep(
      folder: ReplyFolder,
      turnId: string,
      files: Partial<Record<(typeof replyFiles)[number], Buffer>>,
    ) {
      // Under another name until all of it is there, since what is found is taken to the store.
      const unfinished = join(outgoing, folder, `.${turnId}`)
      await mkdir(unfinished, { recursive: true, mode: PRIVATE_FOLDER })
      for (const [file, data] of Object.entries(files)) await writePrivately(join(unfinished, file), data)
      await rename(unfinished, pathOf(folder, turnId))
      wake()
    },
    /** The reply, whichever server has spoken it; null if there is none. Rejects with `record_unavailable`. */
    async wav(turnId: string): Promise<Buffer | null> {
      try {
        const how = { youngMs: lifeMs, withinMs: ON_ITS_WAY_MS, lookMs: LOOK_MS }
        return await findOnItsWay(turnId, () => find(turnId), how)
      } catch (error) {
        throw unavailable(store.where, error)
      }
    },
    /** Rejects with `record_unavailable` where it may be there still. */
    async forget(turnId: string): Promise<void> {
      try {
        for (const folder of replyFolders) {
          await rm(pathOf(folder, turnId), { recursive: true, force: true })
          await store.delete(folder, turnId)
        }
      } catch (error) {
        throw unavailable(store.where, error)
      }
    },
    /** The ids of all turns in it. */
    async turnIds(): Promise<string[]> {
      const listed = await Promise.all(replyFolders.map(store.list))
      return listed.flat().map(({ turnId }) => turnId)
    },
    close() {
      isClosed = true
      clearInterval(sweeping)
      if (timer) clearTimeout(timer)
    },
  }
}

/** What was being written when the server was killed; its turn has no row either. */
async function removeUnfinished(outgoing: string): Promise<void> {
  for (const folder of replyFolders) {
    const names = await readdir(join(outgoing, folder)).catch(() => [])
    for (const name of names.filter(name => name.startsWith('.')))
      await rm(join(outgoing, folder, name), { recursive: true, force: true }).catch(() => {})
  }
}

const unavailable = (where: string, error: unknown) =>
  new QuantvoxError(
    'record_unavailable',
    `Spoken replies cannot be kept or had at ${where}: ${error instanceof Error ? error.message : String(error)}.`,
    {
      meaning: 'Turns are answered and spoken; their links wait in a folder of this server until it can.',
      mend: 'Check REPLY_STORE and, for s3://, the AWS_ settings; what waits is taken there by itself.',
      retryAfterSeconds: 5,
      cause: error,
    },
  )
