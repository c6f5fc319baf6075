import { setTimeout as sleep } from 'node:timers/promises'
import { joinSamples, samplesIn } from '../../../server/audio/pcm.ts'
import type { TurnRecord } from '../../../server/protocol/record.ts'
import type { ServerMessage } from '../../../server/protocol/socketServer.ts'
import { connectLive } from '../liveClient.ts'
import type { Arm } from './arms.ts'
import { roomTone, toneOf } from './items/holds.ts'
import type { TurnItem } from './items/items.ts'
import { noSpeculation, readSpeculation, type SpeculationFigures, sumOf } from './speculation.ts'

/** Longer than any endpointing waits, and than a transcript takes. */
const TAIL_MS = 6000
/** Until a turn's first audio. */
const PATIENCE_MS = 30_000

/** What came of one item. Times in milliseconds after the last voiced sample, null where that turn did not come so far. */
export type TurnPlayed = {
  /** Of an item with a hold: after how much silence a turn ended before the speaker went on, or null; whether a reply of it was heard. */
  hold: { endedAfterMs: number | null; isHeard: boolean } | null
  decidedMs: number | null
  tokenReadyMs: number | null
  tokenReleasedMs: number | null
  firstAudioMs: number | null
  speculation: SpeculationFigures
}

/** Plays an utterance into a session of its own, in real time; replies are stopped when they begin to be heard. */
export async function playTurn(url: string, item: TurnItem, { endpointing }: Arm): Promise<TurnPlayed> {
  const client = await connectLive(url, { mode: 'hands-free', endpointing })
  const samples = joinSamples([item.samples, toneOf(roomTone(item.samples), samplesIn(TAIL_MS))])
  const startedAtMs = performance.now()
  const { played, take, audible, over } = follow(item, () => performance.now() - startedAtMs)
  client.watch(message => {
    if (message instanceof Error) over.reject(message)
    else take(message)
  })
  client.listen(() => {
    const turnId = audible()
    if (turnId !== null) client.send({ type: 'interrupt', turnId })
  })
  const enough = Promise.race([over.promise, sleep(item.samples.length / 16 + TAIL_MS + PATIENCE_MS)])
  try {
    await client.play(samples, enough)
    await enough
    return played
  } finally {
    client.close()
  }
}

/**
 * Makes figures of what a session says of an item.
 * @param positionMs how much of it is played
 */
export function follow({ hold, fromMs }: TurnItem, positionMs: () => number) {
  const played: TurnPlayed = {
    hold: hold && { endedAfterMs: null, isHeard: false },
    ...{ decidedMs: null, tokenReadyMs: null, tokenReleasedMs: null, firstAudioMs: null },
    speculation: noSpeculation,
  }
  /** Where each turn's speech stopped, as it is known by now. */
  const stops = new Map<string, number>()
  const over = Promise.withResolvers<void>()
  let speaking: string | null = null
  const isBefore = (turnId: string) => (stops.get(turnId) ?? 0) < fromMs

  function ended({ turnId, fromSpeechEnd, speculation }: TurnRecord): void {
    const speculated = readSpeculation(speculation)
    played.speculation = sumOf([played.speculation, speculated])
    if (!stops.has(turnId) || isBefore(turnId)) return
    const { turnDecidedMs, firstTokenMs, firstAudioMs } = fromSpeechEnd
    played.decidedMs = turnDecidedMs
    played.tokenReadyMs = speculated.tokenReadyMs
    played.tokenReleasedMs = firstTokenMs
    played.firstAudioMs = firstAudioMs
    over.resolve()
  }

  function take(message: ServerMessage): void {
    if (message.type === 'speech.stopped') {
      stops.set(message.turnId, message.positionMs)
      const afterMs = positionMs() - message.positionMs
      if (message.positionMs >= fromMs) played.decidedMs ??= afterMs
      else if (played.hold) played.hold.endedAfterMs ??= afterMs
    }
    if (message.type === 'audio.started') speaking = message.turnId
    if (message.type === 'turn.done') ended(message.timings)
  }

  return {
    ...{ played, take, over },
    /** A piece of a reply came; the turn that it is of, which is to be stopped, or null where it is stopped already. */
    audible(): string | null {
      const turnId = speaking
      if (turnId !== null && played.hold && isBefore(turnId)) played.hold.isHeard = true
      speaking = null
      return turnId
    },
  }
}
