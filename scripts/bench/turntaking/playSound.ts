import { within } from '../../../server/abort.ts'
import { PCM_SAMPLE_RATE, samplesIn, toFloat32, toInt16 } from '../../../server/audio/pcm.ts'
import type { ServerMessage } from '../../../server/protocol/socketServer.ts'
import { createResampler } from '../../../server/shared/resampler.ts'
import { connectLive, type LiveClient } from '../liveClient.ts'
import type { Arm } from './arms.ts'
import type { SoundItem } from './items/items.ts'
import { inRoom, mixed } from './items/levels.ts'
import { LONG_QUESTION, soundedMs } from './items/spoken.ts'
import { createReplyPlayout } from './replyPlayout.ts'

/** Until a reply begins to be heard. */
const PATIENCE_MS = 60_000
/** Of the reply before the sound: the listener has heard something of it. */
const BEFORE_MS = 1500
/** Of the reply with an echo of it. */
const ECHO_MS = 5000
/** After the sound: longer than anything that stops or resumes a reply takes. */
const AFTER_MS = 3000
/** A reply that was over sooner after the sound might still have been stopped. */
const TOLD_MS = 1500
const REPORT_EVERY_MS = 200

/** What came of a sound over a reply; milliseconds from where the sound began, null where it did not happen. */
export type SoundPlayed = {
  duckedMs: number | null
  pausedMs: number | null
  resumedMs: number | null
  stoppedMs: number | null
  /** The stop from where the sound ended; of an echo not known. */
  afterEndMs: number | null
  /** What was understood of it, as it was told last. */
  heard: string | null
  /** The reply was over too early to tell. */
  isVoid: boolean
}

/** Plays a sound into a session of its own while that speaks a reply, in real time. */
export async function playSound(url: string, item: SoundItem, { endpointing }: Arm): Promise<SoundPlayed> {
  const client = await connectLive(url, { mode: 'hands-free', endpointing })
  try {
    if (item.asked === undefined) client.send({ type: 'text', text: LONG_QUESTION })
    return await playOver(client, item)
  } finally {
    client.close()
  }
}

async function playOver(client: LiveClient, item: SoundItem): Promise<SoundPlayed> {
  const over = Promise.withResolvers<void>()
  const soundMs = item.echo === null ? item.samples.length / 16 : ECHO_MS
  const room = inRoom(new Int16Array(samplesIn(ECHO_MS)))
  let recorded = 0
  let from: number | null = null
  const sinceMs = () => (from === null ? Number.NEGATIVE_INFINITY : (recorded - from) / 16)
  const { onsetMs, endMs } = soundedMs(item.samples)
  const beginsAfterMs = item.echo?.delayMs ?? onsetMs
  // By the microphone's clock: on a busy machine its frames come late, and then fast.
  const { played, take, isOver, playout, advance } = openReply(client, () => sinceMs() - beginsAfterMs)
  client.watch(message => {
    if (message instanceof Error) over.reject(message)
    else take(message)
  })

  /** The microphone hears the room, and over the reply the sound, or the reply itself where it is not cancelled. */
  function record(count: number): Int16Array {
    advance(count)
    if (from === null && playout.positionMs() > (item.echo === null ? BEFORE_MS : 0)) from = recorded
    if (sinceMs() > soundMs + AFTER_MS || played.stoppedMs !== null || isOver()) over.resolve()
    const at = recorded
    recorded += count
    const noise = room.subarray(at % room.length, (at % room.length) + count)
    if (item.asked !== undefined && from === null) return mixed(noise, item.asked.subarray(at, at + count))
    if (from === null || sinceMs() > soundMs) return noise
    if (item.echo !== null) return mixed(noise, playout.echo(count, item.echo))
    return item.samples.subarray(at - from, at - from + count)
  }

  const enough = within(over.promise, PATIENCE_MS + BEFORE_MS + soundMs + AFTER_MS, () => {})
  await client.stream(record, enough)
  await enough
  if (played.stoppedMs !== null && item.echo === null) played.afterEndMs = played.stoppedMs + onsetMs - endMs
  played.isVoid = played.stoppedMs === null && sinceMs() < soundMs + TOLD_MS
  return played
}

/**
 * The reply as it comes and is played, and what is told of it.
 * @param soundedMs since the sound began; −∞ before it is played
 */
function openReply(client: LiveClient, soundedMs: () => number) {
  const playout = createReplyPlayout()
  let resampler = createResampler(PCM_SAMPLE_RATE, PCM_SAMPLE_RATE)
  let reply: string | null = null
  let isWhole = false
  let reportedAtMs = Number.NEGATIVE_INFINITY
  const played: SoundPlayed = {
    ...{ duckedMs: null, pausedMs: null, resumedMs: null, stoppedMs: null, afterEndMs: null, heard: null },
    isVoid: false,
  }
  /** What is told before the sound is not of it. */
  const sinceMs = () => (Number.isFinite(soundedMs()) ? soundedMs() : null)

  function report(event: 'progress' | 'stopped'): void {
    if (reply === null || playout.isStopped()) return
    reportedAtMs = performance.now()
    client.send({ type: 'playback', turnId: reply, event, positionMs: playout.positionMs() })
  }

  client.listen(samples => playout.push(toInt16(resampler.push(toFloat32(samples)))))

  return {
    ...{ played, playout },
    /** So much more time went by. */
    advance(count: number): void {
      playout.advance(count)
      if (playout.positionMs() > 0 && performance.now() - reportedAtMs > REPORT_EVERY_MS) report('progress')
    },
    /** All of the reply is played. */
    isOver: () => isWhole && playout.waitingMs() === 0,
    take(message: ServerMessage): void {
      const { type }: { type: string } = message
      if (!('turnId' in message)) return
      if (message.type === 'audio.started') {
        reply ??= message.turnId
        resampler = createResampler(message.sampleRate, PCM_SAMPLE_RATE)
      }
      if (message.type === 'transcript.partial' || message.type === 'transcript.final')
        if (sinceMs() !== null) played.heard = message.text
      if (message.turnId !== reply) return
      if (type === 'audio.done') isWhole = true
      if (type === 'ducked') played.duckedMs ??= sinceMs()
      if (type === 'paused') played.pausedMs ??= sinceMs()
      if (type === 'resumed') played.resumedMs = sinceMs()
      if (type === 'ducked' || type === 'paused') playout.set(type)
      if (type === 'resumed') playout.set('playing')
      if (message.type === 'interrupted' && message.reason === 'barge-in') {
        played.stoppedMs ??= sinceMs()
        report('stopped')
        playout.set('stopped')
      }
    },
  }
}
