import { setTimeout as sleep } from 'node:timers/promises'
import type { LiveClient } from '../../../scripts/bench/liveClient.ts'
import { PCM_SAMPLE_RATE, samplesIn } from '../../../server/audio/pcm.ts'

const FRAME_MS = 20
const REPORT_EVERY_FRAMES = 10

/** A client that plays replies and tells how far, with a microphone that hears none of it, in real time. */
export function openRoom(client: LiveClient) {
  const step = samplesIn(FRAME_MS)
  const silence = new Int16Array(step)
  let queue: Int16Array[] = []
  let said: Int16Array[] = []
  let reply: { turnId: string; positionMs: number; isWhole: boolean } | null = null
  let isPaused = false
  let isOpen = true

  client.listen(samples => {
    for (let at = 0; at < samples.length; at += step) queue.push(samples.slice(at, at + step))
  })
  const watching = client.watch(message => {
    if (message instanceof Error) return
    if (message.type === 'audio.started') {
      if (message.sampleRate !== PCM_SAMPLE_RATE) throw new Error(`replies of ${message.sampleRate} Hz`)
      reply ??= { turnId: message.turnId, positionMs: 0, isWhole: false }
      isPaused = false
    } else if (message.type === 'audio.done' && reply !== null) reply.isWhole = true
    else if (message.type === 'paused') isPaused = true
    else if (message.type === 'resumed') isPaused = false
    else if (message.type === 'interrupted' && message.turnId === reply?.turnId) end('stopped')
  })

  function end(event: 'ended' | 'stopped'): void {
    if (reply === null) return
    client.send({ type: 'playback', event, turnId: reply.turnId, positionMs: reply.positionMs })
    reply = null
    queue = []
  }

  function playFrame(): void {
    if (reply === null || isPaused) return
    if (queue.shift() !== undefined) reply.positionMs += FRAME_MS
    else if (reply.isWhole) end('ended')
  }

  async function run(): Promise<void> {
    const startedAt = performance.now()
    for (let frame = 0; isOpen; frame++) {
      playFrame()
      client.frame(said.shift() ?? silence)
      if (reply !== null && frame % REPORT_EVERY_FRAMES === 0) {
        const event = reply.positionMs === 0 ? 'started' : 'progress'
        client.send({ type: 'playback', event, turnId: reply.turnId, positionMs: reply.positionMs })
      }
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
    positionMs: () => reply?.positionMs ?? null,
    close(): void {
      isOpen = false
      watching.stop()
    },
  }
}
