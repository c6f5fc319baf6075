import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { v7 as uuidv7, validate } from 'uuid'
import { within } from '../../abort.ts'
import { PRIVATE_FOLDER, writePrivately } from '../../files/privateFiles.ts'
import { ANSWERS_WITHIN_MS, type ReplyStore } from './replyStore.ts'

/** A folder that all servers see. One that does not answer (NFS) is waited for no longer, though its threads still do. */
export function createFolderStore(root: string): ReplyStore {
  const late = () => {
    throw new Error(`${root} did not answer within ${ANSWERS_WITHIN_MS} ms`)
  }
  const soon = <T>(work: Promise<T>): Promise<T> => within(work, ANSWERS_WITHIN_MS, late)
  const pathOf = (folder: string, turnId: string) => {
    // Ids come from clients and become paths; one that is none could lead out of the folder.
    if (!validate(turnId)) throw new Error('not the id of a turn')
    return join(root, folder, turnId)
  }

  async function write(folder: string, turnId: string, file: string, data: Buffer): Promise<void> {
    const path = pathOf(folder, turnId)
    await mkdir(path, { recursive: true, mode: PRIVATE_FOLDER })
    const unfinished = join(path, `.${uuidv7()}`)
    await writePrivately(unfinished, data)
    await rename(unfinished, join(path, file))
  }

  async function turnsIn(folder: string) {
    const turnIds = (await whereThere(readdir(join(root, folder)))) ?? []
    const found: { turnId: string; putAtMs: number }[] = []
    for (const turnId of turnIds.filter(name => validate(name))) {
      const kept = await whereThere(stat(join(root, folder, turnId)))
      if (kept !== null) found.push({ turnId, putAtMs: kept.mtimeMs })
    }
    return found
  }

  return {
    where: root,
    put: (folder, turnId, file, data) => soon(write(folder, turnId, file, data)),
    get: async (folder, turnId, file) => soon(whereThere(readFile(join(pathOf(folder, turnId), file)))),
    delete: async (folder, turnId) => soon(rm(pathOf(folder, turnId), { recursive: true, force: true })),
    list: folder => soon(turnsIn(folder)),
  }
}

/** What is read; null where there is no such file. */
export function whereThere<T>(read: Promise<T>): Promise<T | null> {
  return read.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
}
