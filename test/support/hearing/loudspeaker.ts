import { setTimeout as sleep } from 'node:timers/promises'
import type { LiveClient } from '../../../scripts/bench/liveClient.ts'
import { mixed } from '../../../scripts/bench/turntaking/items/levels.ts'
import { createReplyPlayout } from '../../../scripts/bench/turntaking/replyPlayout.ts'
import { PCM_SAMPLE_RATE, samplesIn } from '../../../server/audio/pcm.ts'

const FRAME_MS = 20
const REPORT_EVERY_FRAMES = 10

/**
 * A client that plays replies and tells how far, with a microphone beside it, in real time.
 * @param echo what the microphone hears of the loudspeaker: so much quieter, and later; null: nothing
 */
export function openRoom(client: LiveClient, echo: { dB: number; delayMs: number } | null = null) {
  const step = samplesIn(FRAME_MS)
  const silence = new Int16Array(step)
  let playout = createReplyPlayout()
  let said: Int16Array[] = []
  let reply: { turnId: string; isWhole: boolean } | null = null
  let isOpen = true

  client.listen(samples => playout.push(samples))
  const watching = client.watch(message => {
    if (message instanceof Error) return
    if (message.type === 'audio.started') {
      if (message.sampleRate !== PCM_SAMPLE_RATE) throw new Error(`replies of ${message.sampleRate} Hz`)
      if (reply === null) playout = createReplyPlayout()
      reply ??= { turnId: message.turnId, isWhole: false }
    } else if (message.type === 'audio.done' && reply !== null) reply.isWhole = true
    else if (message.type === 'ducked' || message.type === 'paused') playout.set(message.type)
    else if (message.type === 'resumed') playout.set('playing')
    else if (message.type === 'interrupted' && message.turnId === reply?.turnId) end('stopped')
  })

  function end(event: 'ended' | 'stopped'): void {
    if (reply === null) return
    client.send({ type: 'playback', event, turnId: reply.turnId, positionMs: playout.positionMs() })
    playout.set('stopped')
    reply = null
  }

  function report(): void {
    if (reply === null) return
    const positionMs = playout.positionMs()
    const event = positionMs === 0 ? 'started' : 'progress'
    client.send({ type: 'playback', event, turnId: reply.turnId, positionMs })
  }

  async function run(): Promise<void> {
    const startedAt = performance.now()
    for (let frame = 0; isOpen; frame++) {
      playout.advance(step)
      if (reply?.isWhole && playout.waitingMs() === 0) end('ended')
      const voice = said.shift() ?? silence
      client.frame(echo === null ? voice : mixed(voice, playout.echo(step, echo)))
      if (frame % REPORT_EVERY_FRAMES === 0) report()
      await sleep(Math.max(0, startedAt + (frame + 1) * FRAME_MS - performance.now()))
    }
  }
  void run()

  return {
    /** Says it now; settles when it is said. */
    async say(samples: Int16Array): Promise<void> {
      const frames = Math.ceil(samples.length / step)
      const whole = new Int16Array(frames * step)
      whole.set(samples)
      said = Array.from({ length: frames }, (_, at) => whole.subarray(at * step, (at + 1) * step))
      while (said.length > 0) await sleep(FRAME_MS)
    },
    /** How far the reply has been played; null without one. */
    positionMs: () => (reply === null ? null : playout.positionMs()),
    close(): void {
      isOpen = false
      watching.stop()
    },
  }
}
