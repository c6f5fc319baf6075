import { readdirSync } from 'node:fs'
import { makePrivate } from '../../files/privateFiles.ts'
import { SPOOL_FILE_NAME, TURN_FILE_NAME } from '../../record/sqlite/store.ts'

const folders = ['audio', 'replies', 'outgoing', 'comparisons', 'lan', 'my-voice']

/** Closes DATA_DIR to other users where it holds nothing but ours; a folder that is shared with other things stays as it is. */
export function closeDataFolder(dataDir: string): void {
  const files = [TURN_FILE_NAME, SPOOL_FILE_NAME]
  const isOurs = (name: string) => folders.includes(name) || files.some(file => name.startsWith(file))
  try {
    if (readdirSync(dataDir).every(isOurs)) makePrivate(dataDir)
  } catch {
    // There is none yet, or it cannot be read, which the record says.
  }
}
