import { durationMs, samplesIn } from '../../../audio/pcm.ts'
import type { createSession } from '../../../session/session.ts'
import type { Input } from './input.ts'
import type { Items } from './items.ts'
import { OUTPUT_RATE } from './response.ts'
import { samplesOf } from './wire/audio.ts'
import { Refusal } from './wire/refusal.ts'
import type { Emit } from './wire/serverEvents.ts'

/** What comes at once is handed to the ears in parts of so much. */
const PART_MS = 100
/** Less is none that anybody said. */
const LEAST_COMMITTED_MS = 100

type BufferOptions = {
  items: Items
  input: Input
  emit: Emit
  core(): Pick<ReturnType<typeof createSession>, 'message' | 'audio'>
  /** The client finds the turns. */
  isManual(): boolean
}

/** The input's buffer: what the client appends, commits and clears. */
export function createBuffer({ items, input, emit, core, isManual }: BufferOptions) {
  /** The utterance that is being pressed together where the client finds the turns, and how much is in it. */
  let pressed: string | null = null
  let appendedMs = 0

  function drop(arrivedAtMs: number): void {
    if (!isManual() || pressed !== null) core().message({ type: 'cancel' }, arrivedAtMs)
    pressed = null
    appendedMs = 0
  }

  return {
    /** Somebody begins to speak. */
    started(turnId: string): void {
      if (isManual()) pressed = turnId
    },
    stopped(turnId: string): void {
      if (pressed === turnId) pressed = null
    },
    /** Who finds the turns may be another from now on. */
    configured(): void {
      pressed = null
    },
    append(audio: string, arrivedAtMs: number): void {
      const samples = samplesOf(audio)
      appendedMs += durationMs(samples.length, OUTPUT_RATE)
      if (isManual() && pressed === null) core().message({ type: 'begin' }, arrivedAtMs)
      const step = samplesIn(PART_MS, OUTPUT_RATE)
      for (let from = 0; from < samples.length; from += step)
        core().audio(samples.subarray(from, from + step), arrivedAtMs)
    },
    /** @throws Refusal where nothing is in it, or the conversation has no room for it, which is dropped then */
    commit(arrivedAtMs: number): void {
      const turnId = isManual() ? pressed : input.speaking()
      if (turnId === null || appendedMs < LEAST_COMMITTED_MS) {
        const message = `The buffer has ${Math.round(appendedMs)} ms of speech; at least ${LEAST_COMMITTED_MS} are needed.`
        throw new Refusal('input_audio_buffer_commit_empty', message)
      }
      try {
        items.refuseFull()
      } catch (full) {
        drop(arrivedAtMs)
        throw full
      }
      appendedMs = 0
      pressed = null
      core().message({ type: 'commit' }, arrivedAtMs)
      if (isManual()) input.committed(turnId)
    },
    clear(arrivedAtMs: number): void {
      drop(arrivedAtMs)
      emit({ type: 'input_audio_buffer.cleared' })
    },
  }
}
