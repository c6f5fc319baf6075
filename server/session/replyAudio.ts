import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LRUCache } from 'lru-cache'
import { validate } from 'uuid'
import { encodeWav } from '../audio/encodeWav.ts'
import { joinSamples, pcmSampleRate } from '../audio/pcm.ts'
import type { SpokenAudio } from './speaker.ts'

const LINK_LIFE_MS = 10 * 60_000
const MAX_KEPT_BYTES = 256 * 2 ** 20

export type ReplyRecorder = {
  take(turnId: string, audio: SpokenAudio): void
  durationMs(): number
  /** All of it as one WAV file; null if nothing was spoken. */
  wav(): Promise<Buffer | null>
}

export type ReplyAudio = {
  recorder(): ReplyRecorder
  /** Keeps the reply for its link, and question and reply as files where audio is saved. */
  keep(turnId: string, question: Int16Array | null, recorder: ReplyRecorder): Promise<void>
  /** The spoken reply, from memory or from the saved files; null if there is none. */
  wav(turnId: string): Promise<Buffer | null>
  /** Deletes what is kept of that turn; ids that are none are ignored. Rejects when a file cannot be deleted. */
  forget(turnId: string): Promise<void>
}

/** Spoken replies by turn: in memory for 10 minutes, in `directory` for good when it is given. */
export function createReplyAudio(directory: string | null): ReplyAudio {
  const recent = new LRUCache<string, Buffer>({
    ttl: LINK_LIFE_MS,
    maxSize: MAX_KEPT_BYTES,
    sizeCalculation: wav => wav.length,
  })
  /** Ids come from clients and become paths: null for one that could lead out of the folder. */
  const folderOf = (turnId: string) =>
    directory !== null && validate(turnId) ? join(directory, turnId) : null

  return {
    recorder: createRecorder,
    async keep(turnId, question, recorder) {
      const reply = await recorder.wav()
      if (reply !== null) recent.set(turnId, reply)
      const folder = folderOf(turnId)
      if (folder === null) return
      await mkdir(folder, { recursive: true })
      if (question !== null)
        await writeFile(join(folder, 'question.wav'), await encodeWav(question, pcmSampleRate))
      if (reply !== null) await writeFile(join(folder, 'reply.wav'), reply)
    },
    async wav(turnId) {
      const kept = recent.get(turnId)
      const folder = folderOf(turnId)
      if (kept !== undefined || folder === null) return kept ?? null
      return await readFile(join(folder, 'reply.wav')).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null
        throw error
      })
    },
    async forget(turnId) {
      recent.delete(turnId)
      const folder = folderOf(turnId)
      if (folder !== null) await rm(folder, { recursive: true, force: true })
    },
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
