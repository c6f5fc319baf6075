/**
 * What speaks in a process of its own: what it computes holds up an event loop, for a sentence or a quarter of a second of sound at a time.
 * The child's end of `speakerProcess.ts`, over the channel of `fork`; it ends when that channel does.
 */
import { setImmediate } from 'node:timers/promises'
import { toInt16 } from '../../audio/pcm.ts'
import type { SpeakAnswer, SpeakRequest } from './messages.ts'

type SpeakingVoice = {
  /** Speech of a text, full scale ±1, in pieces. */
  speak(text: string, voice: string): AsyncIterable<Float32Array>
  /** Hertz. */
  sampleRate: number
}

/** Speaks whatever the parent asks for, one text at a time. */
export function serveSpeech({ speak, sampleRate }: SpeakingVoice): void {
  const cancelled = new Set<number>()

  async function answerTo({ id, text, voice }: Exclude<SpeakRequest, { cancel: number }>): Promise<void> {
    let since = performance.now()
    const answer = (samples: Int16Array, isLast: boolean) => {
      const now = performance.now()
      const [inferenceMs, residentBytes] = [now - since, process.memoryUsage.rss()]
      since = now
      process.send?.({ id, samples, sampleRate, inferenceMs, residentBytes, isLast } satisfies SpeakAnswer)
    }
    for await (const piece of speak(text, voice)) {
      answer(toInt16(piece), false)
      // Only between two pieces can it hear that nobody wants the rest.
      await setImmediate()
      if (cancelled.delete(id)) break
    }
    answer(new Int16Array(), true)
  }

  process.on('message', (request: SpeakRequest) => {
    if ('cancel' in request) return void cancelled.add(request.cancel)
    cancelled.clear()
    answerTo(request).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error)
      process.send?.({ id: request.id, error: message } satisfies SpeakAnswer)
    })
  })
  process.on('disconnect', () => process.exit(0))
  globalThis.gc?.()
  process.send?.({ id: 0, ready: true } satisfies SpeakAnswer)
}
