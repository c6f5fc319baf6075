import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { validate } from 'uuid'
import { encodeWav } from '../audio/encodeWav.ts'
import { joinSamples, pcmSampleRate } from '../audio/pcm.ts'
import type { SpokenAudio } from './speaker.ts'

const LINK_LIFE_MS = 10 * 60_000

export type ReplyRecorder = {
  take(turnId: string, audio: SpokenAudio): void
  durationMs(): number
  /** All of it as one WAV file; null if nothing was spoken. */
  wav(): Promise<Buffer | null>
}

export type ReplyAudio = {
  recorder(): ReplyRecorder
  /** Writes the reply, and where audio is kept for good the question; ids that are none are ignored. */
  keep(turnId: string, question: Int16Array | null, recorder: ReplyRecorder): Promise<void>
  /** The spoken reply; null if there is none, or none any more. */
  wav(turnId: string): Promise<Buffer | null>
  /** Deletes what is kept of that turn; ids that are none are ignored. Rejects when a file cannot be deleted. */
  forget(turnId: string): Promise<void>
}

/**
 * Spoken replies by turn, as files of `directory`: in memory they would be most of what the server holds. Kept `for
 * good` with the questions, or `for its link`, which is 10 minutes; then nothing that a run before left is kept either.
 */
export async function createReplyAudio(
  directory: string,
  howLong: 'for good' | 'for its link',
): Promise<ReplyAudio> {
  if (howLong === 'for its link') await rm(directory, { recursive: true, force: true })
  /** Ids come from clients and become paths: null for one that could lead out of the folder. */
  const folderOf = (turnId: string) => (validate(turnId) ? join(directory, turnId) : null)
  const forget = async (turnId: string) => {
    const folder = folderOf(turnId)
    if (folder !== null) await rm(folder, { recursive: true, force: true })
  }

  return {
    recorder: createRecorder,
    async keep(turnId, question, recorder) {
      const reply = await recorder.wav()
      const folder = folderOf(turnId)
      if (folder === null || (reply === null && howLong === 'for its link')) return
      await mkdir(folder, { recursive: true })
      if (reply !== null) await writeFile(join(folder, 'reply.wav'), reply)
      if (howLong === 'for its link') {
        // What cannot be deleted now is deleted at the next start.
        setTimeout(() => void forget(turnId).catch(() => {}), LINK_LIFE_MS).unref()
      } else if (question !== null) {
        await writeFile(join(folder, 'question.wav'), await encodeWav(question, pcmSampleRate))
      }
    },
    async wav(turnId) {
      const folder = folderOf(turnId)
      if (folder === null) return null
      return await readFile(join(folder, 'reply.wav')).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null
        throw error
      })
    },
    forget,
  }
}

function createRecorder(): ReplyRecorder {
  const parts: Int16Array[] = []
  let sampleRate = pcmSampleRate
  let sampleCount = 0
  return {
    take(_turnId, audio) {
      parts.push(audio.samples)
      sampleRate = audio.sampleRate
      sampleCount += audio.samples.length
    },
    durationMs: () => (sampleCount / sampleRate) * 1000,
    wav: async () => (sampleCount === 0 ? null : await encodeWav(joinSamples(parts), sampleRate)),
  }
}
