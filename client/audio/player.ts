import type { Playback } from '../../server/protocol/socketClient.ts'
import { createResampler, type Resampler } from '../../server/shared/resampler.ts'
import { createPlayout, type Playout } from './playout.ts'

/** Pieces come 100 ms long; so much delay rides out a late one. */
const LEAD_SECONDS = 0.06
/** The contract asks for a report at least every 250 ms. */
const REPORT_EVERY_MS = 200
/** Cut off at once, a wave clicks. */
const FADE_SECONDS = 0.015

export type PlaybackEvent = Playback['event']

export type Player = ReturnType<typeof createPlayer>

type Reply = {
  turnId: string
  playout: Playout
  gain: GainNode
  sources: Set<AudioBufferSourceNode>
  resampler: Resampler
  started: boolean
  complete: boolean
}

/**
 * Plays replies through `element`, fed by a stream: echo cancellers hear media elements, not Web Audio. Positions are those of
 * the audio context's clock at which each sample is due; the element's own delay of some milliseconds is not in them.
 */
export function createPlayer(
  context: AudioContext,
  element: HTMLAudioElement,
  report: (turnId: string, event: PlaybackEvent, positionMs: number) => void,
) {
  const sink = context.createMediaStreamDestination()
  element.srcObject = sink.stream
  let reply: Reply | null = null
  let timer: ReturnType<typeof setTimeout> | undefined

  const tell = (event: PlaybackEvent) => {
    if (reply !== null) report(reply.turnId, event, reply.playout.positionMs(context.currentTime))
  }

  /** Reports what is due, and comes back when the next report is. */
  function watch(): void {
    clearTimeout(timer)
    const endsAt = reply?.playout.endsAt() ?? null
    if (reply === null || endsAt === null) return
    const now = context.currentTime
    const position = reply.playout.positionMs(now)
    if (!reply.started) {
      if (position === 0) {
        timer = setTimeout(watch, LEAD_SECONDS * 250)
        return
      }
      reply.started = true
      tell('started')
    } else if (reply.complete && now >= endsAt) {
      tell('ended')
      forget()
      return
    } else tell('progress')
    const untilEndMs = Math.max(0, endsAt - now) * 1000 + 5
    timer = setTimeout(watch, reply.complete ? Math.min(REPORT_EVERY_MS, untilEndMs) : REPORT_EVERY_MS)
  }

  function forget(): void {
    clearTimeout(timer)
    reply = null
  }

  function stop(): void {
    if (reply === null) return
    const { gain, sources } = reply
    tell('stopped')
    gain.gain.setTargetAtTime(0, context.currentTime, FADE_SECONDS / 3)
    for (const source of sources) source.stop(context.currentTime + FADE_SECONDS)
    forget()
  }

  function play({ playout, gain, sources }: Reply, samples: Float32Array): void {
    if (samples.length === 0) return
    const buffer = new AudioBuffer({ length: samples.length, sampleRate: context.sampleRate })
    buffer.getChannelData(0).set(samples)
    const source = new AudioBufferSourceNode(context, { buffer })
    source.connect(gain)
    sources.add(source)
    source.onended = () => sources.delete(source)
    const isFirst = playout.endsAt() === null
    source.start(playout.append(context.currentTime, buffer.duration))
    if (isFirst) watch()
  }

  return {
    /** A turn's audio follows, at this rate. Called again for the same turn, the rate changes. */
    begin(turnId: string, sampleRate: number): void {
      // Browsers would convert each piece by itself and leave a click at every edge.
      const resampler = createResampler(sampleRate, context.sampleRate)
      if (reply?.turnId === turnId) {
        play(reply, reply.resampler.end())
        reply.resampler = resampler
        return
      }
      stop()
      // The tap that opened the page's sound may be long ago; a refusal shows as a position that stands still.
      void element.play().catch(() => {})
      const gain = new GainNode(context)
      gain.connect(sink)
      const playout = createPlayout(LEAD_SECONDS)
      reply = { turnId, playout, gain, sources: new Set(), resampler, started: false, complete: false }
    },
    push(pcm: ArrayBuffer): void {
      if (reply === null) return
      play(reply, reply.resampler.push(Float32Array.from(new Int16Array(pcm), sample => sample / 32768)))
    },
    /** All audio of the turn has come. */
    complete(turnId: string): void {
      if (reply?.turnId !== turnId) return
      play(reply, reply.resampler.end())
      reply.complete = true
      if (reply.started) watch()
    },
    /** Silent at once; reports where it stopped, unless it had ended. */
    stop,
    close(): void {
      stop()
      element.srcObject = null
    },
  }
}
