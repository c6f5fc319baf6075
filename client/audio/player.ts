import type { Playback } from '../../server/protocol/socketClient.ts'
import { createResampler, type Resampler } from '../../server/shared/resampler.ts'
import { loudness } from './level.ts'
import { createPlayout, type Playout } from './playout.ts'

/** Pieces come 100 ms long; so much delay rides out a late one. */
const LEAD_SECONDS = 0.06
/** The contract asks for a report at least every 250 ms. */
const REPORT_EVERY_MS = 200
/** Cut off at once, a wave clicks. */
const FADE_SECONDS = 0.015
/** −12 dB. */
const DUCKED_GAIN = 0.25

export type PlaybackEvent = Playback['event']

export type Player = ReturnType<typeof createPlayer>

/** A piece that plays or will, on the context's clock; while the reply is paused, one that has no source. */
type Piece = { buffer: AudioBuffer; source: AudioBufferSourceNode | null; startsAt: number; offset: number }

type Reply = {
  turnId: string
  playout: Playout
  gain: GainNode
  pieces: Set<Piece>
  paused: boolean
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
  const analyser = new AnalyserNode(context, { fftSize: 1024 })
  analyser.connect(sink)
  const heard = new Float32Array(analyser.fftSize)
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
    } else if (reply.complete && !reply.paused && now >= endsAt) {
      tell('ended')
      forget()
      return
    } else tell('progress')
    const untilEndMs = Math.max(0, endsAt - now) * 1000 + 5
    timer = setTimeout(
      watch,
      reply.complete && !reply.paused ? Math.min(REPORT_EVERY_MS, untilEndMs) : REPORT_EVERY_MS,
    )
  }

  function forget(): void {
    clearTimeout(timer)
    reply = null
  }

  function stop(): void {
    if (reply === null) return
    tell('stopped')
    fallSilent(reply)
    forget()
  }

  function fadeTo({ gain }: Reply, level: number): void {
    gain.gain.setTargetAtTime(level, context.currentTime, FADE_SECONDS / 3)
  }

  function fallSilent(of: Reply): void {
    fadeTo(of, 0)
    for (const { source } of of.pieces) source?.stop(context.currentTime + FADE_SECONDS)
  }

  function play(of: Reply, samples: Float32Array): void {
    if (samples.length === 0) return
    const buffer = new AudioBuffer({ length: samples.length, sampleRate: context.sampleRate })
    buffer.getChannelData(0).set(samples)
    const piece = { buffer, source: null, startsAt: 0, offset: 0 }
    of.pieces.add(piece)
    if (of.paused) return
    const isFirst = of.playout.endsAt() === null
    schedule(of, piece)
    if (isFirst) watch()
  }

  function schedule({ playout, gain, pieces }: Reply, piece: Piece): void {
    const { buffer, offset } = piece
    const source = new AudioBufferSourceNode(context, { buffer })
    source.connect(gain)
    // Stopped by a pause, the piece is still to be played.
    source.onended = () => void (piece.source === source && pieces.delete(piece))
    piece.source = source
    piece.startsAt = playout.append(context.currentTime, buffer.duration - offset)
    source.start(piece.startsAt, offset)
  }

  /** What is left of each piece waits without a source. */
  function pause(of: Reply): void {
    const now = context.currentTime
    of.paused = true
    fallSilent(of)
    of.playout.stop(now)
    for (const piece of of.pieces) {
      piece.offset += Math.max(0, now - piece.startsAt)
      piece.source = null
      if (piece.offset >= piece.buffer.duration) of.pieces.delete(piece)
    }
  }

  function resume(of: Reply): void {
    fadeTo(of, 1)
    if (!of.paused) return
    of.paused = false
    for (const piece of of.pieces) schedule(of, piece)
    watch()
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
      gain.connect(analyser)
      const playout = createPlayout(LEAD_SECONDS)
      const state = { paused: false, started: false, complete: false }
      reply = { turnId, playout, gain, pieces: new Set(), resampler, ...state }
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
    /** Somebody may be speaking over that reply: it plays on, quieter. */
    duck(turnId: string): void {
      if (reply?.turnId === turnId && !reply.paused) fadeTo(reply, DUCKED_GAIN)
    },
    /** It stands still where it is, and so does the position that is reported. */
    pause(turnId: string): void {
      if (reply?.turnId === turnId && !reply.paused) pause(reply)
    },
    /** It goes on from there, as loud as it was. */
    resume(turnId: string): void {
      if (reply?.turnId === turnId) resume(reply)
    },
    /** Of what plays now, 0 to 1. */
    level(): number {
      if (reply === null) return 0
      analyser.getFloatTimeDomainData(heard)
      return loudness(Math.sqrt(heard.reduce((sum, sample) => sum + sample * sample, 0) / heard.length))
    },
    /** Silent at once; reports where it stopped, unless it had ended. */
    stop,
    close(): void {
      stop()
      element.srcObject = null
    },
  }
}
