import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LRUCache } from 'lru-cache'
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
  forget(turnId: string): void
}

/** Spoken replies by turn: in memory for 10 minutes, in `directory` for good when it is given. */
export function createReplyAudio(directory: string | null): ReplyAudio {
  const recent = new LRUCache<string, Buffer>({
    ttl: LINK_LIFE_MS,
    maxSize: MAX_KEPT_BYTES,
    sizeCalculation: wav => wav.length,
  })
  const file = (turnId: string, part: 'question' | 'reply') => join(directory ?? '', turnId, `${part}.wav`)

  return {
    recorder: createRecorder,
    async keep(turnId, question, recorder) {
      const reply = await recorder.wav()
      if (reply !== null) recent.set(turnId, reply)
      if (directory === null) return
      await mkdir(join(directory, turnId), { recursive: true })
      if (question !== null)
        await writeFile(file(turnId, 'question'), await encodeWav(question, pcmSampleRate))
      if (reply !== null) await writeFile(file(turnId, 'reply'), reply)
    },
    async wav(turnId) {
      const kept = recent.get(turnId)
      if (kept !== undefined || directory === null) return kept ?? null
      return await readFile(file(turnId, 'reply')).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null
        throw error
      })
    },
    forget(turnId) {
      recent.delete(turnId)
      if (directory !== null) void rm(join(directory, turnId), { recursive: true, force: true })
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
