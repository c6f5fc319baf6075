import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { validate } from 'uuid'
import { encodeWav } from '../audio/encodeWav.ts'
import type { SpokenAudio } from '../audio/pcm.ts'
import { joinSamples, PCM_SAMPLE_RATE } from '../audio/pcm.ts'
import { makePrivate, PRIVATE_FOLDER, writePrivately } from '../files/privateFiles.ts'
import type { Log } from '../log.ts'
import { whereThere } from './replies/folderStore.ts'
import type { ReplyStore } from './replies/replyStore.ts'
import { createSharedReplies } from './replies/sharedReplies.ts'
import { begunAtMs } from './rows.ts'

const LINK_LIFE_MS = 10 * 60_000

export type ReplyRecorder = {
  take(turnId: string, audio: SpokenAudio): void
  durationMs(): number
  /** All of it as one WAV file; null if nothing was spoken. */
  wav(): Promise<Buffer | null>
}

export type ReplyAudio = Awaited<ReturnType<typeof createReplyAudio>>

/**
 * Spoken replies by turn, as files below `dataDir`: in memory they would be most of what the server holds. With `saves`
 * they are kept in `audio` for good, with the questions; else in `replies` for 10 minutes, also across restarts.
 * What one setting kept is found and forgotten under the other. With a store they are kept there, for all servers.
 */
export async function createReplyAudio(
  dataDir: string,
  saves: boolean,
  sharing: { store: ReplyStore; log: Log } | null = null,
) {
  const saved = join(dataDir, 'audio')
  const passing = join(dataDir, 'replies')
  for (const folder of [saved, passing]) makePrivate(folder)
  const shared =
    sharing &&
    (await createSharedReplies({ ...sharing, outgoing: join(dataDir, 'outgoing'), lifeMs: LINK_LIFE_MS }))
  const forget = async (turnId: string) => {
    // Ids come from clients and become paths; one that is none could lead out of the folder.
    if (!validate(turnId)) return
    for (const folder of [saved, passing]) await rm(join(folder, turnId), { recursive: true, force: true })
    await shared?.forget(turnId)
  }
  const forgetLater = (turnId: string, delayMs: number) => {
    // What cannot be deleted then is deleted at the next start.
    setTimeout(() => void forget(turnId).catch(() => {}), Math.max(0, delayMs)).unref()
  }
  for (const turnId of await readdir(passing).catch(() => [])) {
    const kept = await stat(join(passing, turnId)).catch(() => null)
    if (kept !== null) forgetLater(turnId, kept.mtimeMs + LINK_LIFE_MS - Date.now())
  }

  return {
    recorder: createRecorder,
    /** Writes the reply, and where audio is kept for good the question; ids that are none are ignored. */
    async keep(turnId: string, question: Int16Array | null, recorder: ReplyRecorder): Promise<void> {
      const reply = await recorder.wav()
      if (!validate(turnId) || (reply === null && !saves)) return
      if (shared !== null) {
        const asked = saves && question !== null ? await encodeWav(question, PCM_SAMPLE_RATE) : null
        if (reply === null && asked === null) return
        const files = { ...(reply && { 'reply.wav': reply }), ...(asked && { 'question.wav': asked }) }
        return await shared.keep(saves ? 'audio' : 'replies', turnId, files)
      }
      const folder = join(saves ? saved : passing, turnId)
      await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER })
      if (!saves) forgetLater(turnId, LINK_LIFE_MS)
      if (reply !== null) await writePrivately(join(folder, 'reply.wav'), reply)
      if (saves && question !== null) {
        await writePrivately(join(folder, 'question.wav'), await encodeWav(question, PCM_SAMPLE_RATE))
      }
    },
    /** The spoken reply; null if there is none, or none any more. Rejects with `record_unavailable` where it is elsewhere and cannot be had. */
    async wav(turnId: string): Promise<Buffer | null> {
      if (!validate(turnId)) return null
      return (
        (await whereThere(readFile(join(passing, turnId, 'reply.wav')))) ??
        (await whereThere(readFile(join(saved, turnId, 'reply.wav')))) ??
        shared?.wav(turnId) ??
        null
      )
    },
    /** Deletes what is kept of that turn; ids that are none are ignored. Rejects when a file cannot be deleted. */
    forget,
    /** Deletes what is kept of all turns that began before then; their ids, UUIDv7, tell. Rejects like `forget`. */
    async forgetBefore(startedAt: Date): Promise<void> {
      for (const folder of [saved, passing]) {
        for (const turnId of await readdir(folder).catch(() => [])) {
          if (begunAtMs(turnId) < startedAt.getTime()) await forget(turnId)
        }
      }
      for (const turnId of (await shared?.turnIds()) ?? []) {
        if (begunAtMs(turnId) < startedAt.getTime()) await forget(turnId)
      }
    },
    /** Of a shared store: how many turns wait for it here, and why; null where there is none. */
    sharing: async () =>
      shared && { waiting: await shared.waiting(), detail: shared.problem()?.line ?? null },
    close: () => shared?.close(),
  }
}

function createRecorder(): ReplyRecorder {
  const parts: Int16Array[] = []
  let sampleRate = PCM_SAMPLE_RATE
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
