/**
 * hibari in a process of its own: what it computes holds up an event loop, for a sentence or a quarter of a second of sound at a time. Talks to
 * `speakerProcess.ts` over the channel of `fork`; ends when that channel does.
 */
import { setImmediate } from 'node:timers/promises'
import { toInt16 } from '../../audio/pcm.ts'
import type { SpeakAnswer, SpeakRequest } from '../speaking/messages.ts'
import { loadHibari } from './voice.ts'
import { SAMPLE_RATE } from './wave.ts'

const voice = await loadHibari(process.argv[2] ?? '')
const cancelled = new Set<number>()

async function speak({ id, text }: Exclude<SpeakRequest, { cancel: number }>): Promise<void> {
  let since = performance.now()
  const answer = (samples: Int16Array, isLast: boolean) => {
    const now = performance.now()
    const [inferenceMs, residentBytes] = [now - since, process.memoryUsage.rss()]
    since = now
    process.send?.({
      id,
      samples,
      sampleRate: SAMPLE_RATE,
      inferenceMs,
      residentBytes,
      isLast,
    } satisfies SpeakAnswer)
  }
  for await (const piece of voice.speak(text)) {
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
  speak(request).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error)
    process.send?.({ id: request.id, error: message } satisfies SpeakAnswer)
  })
})
process.on('disconnect', () => process.exit(0))
// The first runs compile what they meet: no turn should pay for that.
for (let run = 0; run < 3; run++) for await (const _ of voice.speak('It is ready, 2 of 3.'));
globalThis.gc?.()
process.send?.({ id: 0, ready: true } satisfies SpeakAnswer)
