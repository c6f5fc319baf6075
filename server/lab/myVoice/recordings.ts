import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeWav } from '../../audio/encodeWav.ts'
import { PCM_SAMPLE_RATE } from '../../audio/pcm.ts'
import { PRIVATE_FOLDER, writePrivately } from '../../files/privateFiles.ts'
import { sentences } from './sentences.ts'

/** Below DATA_DIR; there only while somebody wants their recordings kept. */
export const myVoiceFolder = (dataDir: string): string => join(dataDir, 'my-voice')

/** The recordings of one voice that are kept: a folder with a manifest, as comparisons read it. */
export function createRecordings(dataDir: string) {
  const folder = myVoiceFolder(dataDir)
  const file = (id: string) => `${id}.wav`
  // One after another: each writes the manifest anew.
  let writing = Promise.resolve()

  async function kept(): Promise<string[]> {
    const files = await readdir(folder).catch((): string[] => [])
    return sentences.flatMap(({ id }) => (files.includes(file(id)) ? [id] : []))
  }

  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = writing.then(work)
    writing = done.catch(() => {})
    return done
  }

  return {
    /** Ids of the sentences. */
    kept,
    /** @param id of a sentence; another recording of it is replaced */
    keep: (id: string, samples: Int16Array): Promise<void> =>
      inTurn(async () => {
        await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER })
        await writePrivately(join(folder, file(id)), encodeWav(samples, PCM_SAMPLE_RATE))
        const ids = await kept()
        const manifest = sentences
          .filter(sentence => ids.includes(sentence.id))
          .map(({ id: known, text }) => ({ file: file(known), text, kind: 'speech' }))
        await writePrivately(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
      }),
    forget: (): Promise<void> => inTurn(() => rm(folder, { recursive: true, force: true })),
  }
}
