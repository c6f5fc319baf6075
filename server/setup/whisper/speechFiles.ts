import { rename, rm, stat } from 'node:fs/promises'
import Type, { type Static } from 'typebox'
import { Check } from 'typebox/value'
import { jsonIfThere } from '../../files/readJson.ts'
import { hashFile, writeFileAtomically } from '../cache.ts'
import { codeOf } from '../failures.ts'

/**
 * What is known of a model file, kept beside it as `<file>.json`. Size and modification time tell cheaply that nothing
 * touched the file since it was hashed; where they differ it is hashed again.
 */
const FileNote = Type.Object({
  sha256: Type.String(),
  sizeBytes: Type.Integer(),
  mtimeMs: Type.Number(),
  origin: Type.String({ description: 'where it came from, for a person' }),
})
export type FileNote = Static<typeof FileNote>

/**
 * The note of a file that is whole; null where the file is missing, was never noted, or is not what it was. Where
 * `signal` is null nothing is hashed, and a file with another time but the right size counts as whole.
 */
export async function readFileNote(path: string, signal: AbortSignal | null): Promise<FileNote | null> {
  const note = await jsonIfThere(`${path}.json`)
  const found = await stat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  })
  if (!Check(FileNote, note) || !found?.isFile() || found.size !== note.sizeBytes) return null
  if (found.mtimeMs === note.mtimeMs || signal === null) return note
  if ((await hashFile(path, signal)).toString('hex') !== note.sha256) return null
  const renewed = { ...note, mtimeMs: found.mtimeMs }
  await writeFileAtomically(`${path}.json`, JSON.stringify(renewed))
  return renewed
}

/** Moves a finished file to its place and notes what it is. The note comes last: a file without one does not count. */
export async function placeFile(
  from: string,
  path: string,
  sha256: string,
  origin: string,
): Promise<FileNote> {
  await removeFile(path)
  await rename(from, path)
  const { size, mtimeMs } = await stat(path)
  const note: FileNote = { sha256, sizeBytes: size, mtimeMs, origin }
  await writeFileAtomically(`${path}.json`, JSON.stringify(note))
  return note
}

export async function removeFile(path: string): Promise<void> {
  await rm(`${path}.json`, { force: true })
  await rm(path, { force: true })
}
