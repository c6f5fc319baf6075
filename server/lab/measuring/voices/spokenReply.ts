import { atPcmRate, durationMs, joinSamples, PCM_SAMPLE_RATE } from '../../../audio/pcm.ts'
import { createClauseSplitter } from '../../../voice/clauses.ts'
import type { Voice } from '../../../voice/voice.ts'

/** −50 dB below full scale: what begins a voice's sound. */
const QUIETEST = 2 ** 15 * 10 ** (-50 / 20)

/**
 * A whole reply, cut and spoken as a turn does it: samples at 16 kHz, milliseconds to the first audio, of the silence that it begins
 * with, and to its end.
 */
export async function spokenReply(voice: Voice, text: string, signal: AbortSignal) {
  const splitter = createClauseSplitter()
  const clauses = [...splitter.push(text), ...splitter.flush()]
  const startedAt = performance.now()
  const parts: Int16Array[] = []
  let firstAudioMs: number | null = null
  let sampleRate = PCM_SAMPLE_RATE
  for (const clause of clauses)
    for await (const audio of voice.speak?.(clause.text, signal) ?? []) {
      firstAudioMs ??= performance.now() - startedAt
      parts.push(audio.samples)
      sampleRate = audio.sampleRate
    }
  const totalMs = performance.now() - startedAt
  const samples = joinSamples(parts)
  const silent = samples.findIndex(sample => Math.abs(sample) > QUIETEST)
  return {
    firstAudioMs: firstAudioMs ?? totalMs,
    silentMs: durationMs(silent === -1 ? samples.length : silent, sampleRate),
    totalMs,
    samples: atPcmRate({ samples, sampleRate }),
  }
}
