import { setTimeout as sleep } from 'node:timers/promises'
import { joinSamples, samplesIn } from '../../../server/audio/pcm.ts'
import type { ServerMessage } from '../../../server/protocol/socketServer.ts'
import { connectLive } from '../liveClient.ts'
import { type Hold, roomTone, toneOf } from './holds.ts'

/** Longer than any endpointing waits, and than a transcript takes. */
const TAIL_MS = 6000
/** A turn whose reply was stopped. */
const PATIENCE_MS = 15_000

type Endpointing = {
  mode: 'learned' | 'silence'
  preset?: 'fast' | 'balanced' | 'patient'
  silenceMs?: number
}
export type Arm = { name: string; endpointing: Endpointing }

/** What came of one hold. Times in milliseconds after the last voiced sample, null where that turn did not come so far. */
export type Played = { wasCutOff: boolean; decidedMs: number | null; firstTokenMs: number | null }

/** Plays an utterance with a hold in it into a session of its own, in real time; replies are stopped at their first token. */
export async function playHold(url: string, hold: Hold, { endpointing }: Arm): Promise<Played> {
  const client = await connectLive(url, { mode: 'hands-free', voice: 'none', endpointing })
  const played: Played = { wasCutOff: false, decidedMs: null, firstTokenMs: null }
  const stops = new Map<string, number>()
  const over = Promise.withResolvers<void>()
  const holdEndMs = hold.holdStartMs + hold.holdMs

  function take(message: ServerMessage): void {
    if (message.type === 'speech.stopped') {
      stops.set(message.turnId, message.positionMs)
      if (message.positionMs < holdEndMs) played.wasCutOff = true
    }
    if (message.type === 'reply.delta') client.send({ type: 'interrupt', turnId: message.turnId })
    if (message.type !== 'turn.done' || (stops.get(message.turnId) ?? 0) < holdEndMs) return
    const { turnDecidedMs, firstTokenMs } = message.timings.fromSpeechEnd
    Object.assign(played, { decidedMs: turnDecidedMs, firstTokenMs })
    over.resolve()
  }

  client.watch(message => {
    if (message instanceof Error) over.reject(message)
    else take(message)
  })
  const tail = toneOf(roomTone(hold.samples), samplesIn(TAIL_MS))
  const enough = Promise.race([over.promise, sleep(hold.samples.length / 16 + TAIL_MS + PATIENCE_MS)])
  try {
    await client.play(joinSamples([hold.samples, tail]), enough)
    await enough
    return played
  } finally {
    client.close()
  }
}
