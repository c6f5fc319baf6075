import { durationMs } from '../../audio/pcm.ts'
import type { SpeechSegment } from '../../audio/utterance.ts'
import { isDoubtful, isSaid } from './judge.ts'
import { loopIn } from './loopGuard.ts'
import { cut, type Piece, splitAtPauses } from './split.ts'
import { requestWhisper, type WhisperAnswer } from './whisperServer.ts'
import { fullWindow, needsTimestamps, pieceLimits, windowFor } from './window.ts'

/** A file of a model at one level of quantization. */
/** `digest` (sha256) and `quantization` are null for a level of a server elsewhere, which does not tell. */
export type SpeechLevel = {
  name: string
  path: string
  digest: string | null
  quantization: string | null
}

/** The right to use an engine that has the model loaded, until it is released. */
export type SpeechEngineLease = {
  baseUrl: string
  /** Wait for the engine behind others. */
  queueMs: number
  /** The model was loaded for this lease. */
  cold: boolean
  /** Time that took; null when it was there. */
  loadMs: number | null
  /** Program, version and where it runs. */
  engine: string
  release(): void
}

export type AcquireSpeechEngine = (
  model: SpeechLevel,
  owner: string,
  signal: AbortSignal,
) => Promise<SpeechEngineLease>

type Speech = { segments: SpeechSegment[]; speechMs: number }

export type Utterance = {
  /** Mono, 16 kHz. */
  samples: Int16Array
  /** Where speech is in it, and how much of it is voiced; may still be under way. */
  speech: Speech | Promise<Speech>
}

export type RecognizeOptions = {
  model: SpeechLevel
  /** Language code; null lets a multilingual model find out, which costs one more encoding. */
  language: string | null
  /** Who waits, for fairness between sessions. */
  owner: string
  /** Called when the engine is asked, after any wait for it. */
  onAsked?: () => void
}

export type Transcript = {
  /** Empty when nothing was said. */
  text: string
  /** The decoded pieces of the clip. */
  segments: { startMs: number; endMs: number; text: string }[]
  /** Request to answer of the engine, all passes. */
  inferenceMs: number
  queueMs: number
  /** Decodings, those of the loop guard included. */
  passes: number
  /** Encoder window of the longest pass, steps of 20 ms. */
  audioContext: number
  /** Length of the audio that was decoded. */
  audioMs: number
  speechMs: number
  cold: boolean
  loadMs: number | null
  engine: string
  /** Measured only for doubtful texts, else null. */
  noSpeechProbability: number | null
  meanLogProbability: number | null
}

/**
 * Transcribes an utterance. Silence around the speech is cut off; long clips are split at pauses.
 * @throws QuantvoxError `engine_unavailable`, `engine_failed`, `engine_timeout`, and what `acquire` throws; the signal's reason when aborted
 */
export type Recognize = (
  utterance: Utterance,
  options: RecognizeOptions,
  signal: AbortSignal,
) => Promise<Transcript>

export type RecognizerDependencies = {
  acquire: AcquireSpeechEngine
  /** The encoder window for a clip; the bench compares others. */
  windowOf?: (audioMs: number) => number
  timeoutMs?: number
}

export function createRecognizer({
  acquire,
  windowOf = windowFor,
  timeoutMs = 120_000,
}: RecognizerDependencies): Recognize {
  return async ({ samples, speech: finding }, options, signal) => {
    const language = options.language ?? (/\.en\b/.test(options.model.name) ? 'en' : 'auto')
    const [lease, speech] = await acquiredAndFound(acquire(options.model, options.owner, signal), finding)
    try {
      const started = performance.now()
      options.onAsked?.()
      const decoded: Decoded[] = []
      for (const piece of splitAtPauses(samples, speech.segments, pieceLimits)) {
        decoded.push(
          await decode(
            lease.baseUrl,
            piece,
            cut(samples, piece),
            { language, windowOf, timeoutMs, speechMs: speechIn(piece, speech) },
            signal,
          ),
        )
      }
      const { text, segments, ...figures } = joined(decoded)
      return {
        text,
        segments,
        ...figures,
        inferenceMs: performance.now() - started,
        queueMs: lease.queueMs,
        speechMs: speech.speechMs,
        cold: lease.cold,
        loadMs: lease.loadMs,
        engine: lease.engine,
      }
    } finally {
      lease.release()
    }
  }
}

/** Both, side by side; a lease that comes after the other failed is given back. */
async function acquiredAndFound(
  acquiring: Promise<SpeechEngineLease>,
  finding: Speech | Promise<Speech>,
): Promise<[SpeechEngineLease, Speech]> {
  try {
    return await Promise.all([acquiring, finding])
  } catch (error) {
    acquiring.then(
      lease => lease.release(),
      () => {},
    )
    throw error
  }
}

type Decoded = {
  piece: Piece
  text: string
  logProbabilities: number[]
  noSpeechProbability: number | null
  said: boolean
  passes: number
  audioContext: number
  audioMs: number
}

type DecodeOptions = {
  language: string
  windowOf: (audioMs: number) => number
  timeoutMs: number
  /** Voiced time in the piece. */
  speechMs: number
}

/**
 * One piece; again as Whisper was trained, with the full window and timestamps, when the decoder lost its end, or for the
 * no-speech probability of a text that may be made up: a small window gives wrong ones.
 */
async function decode(
  baseUrl: string,
  piece: Piece,
  samples: Int16Array,
  { language, windowOf, timeoutMs, speechMs }: DecodeOptions,
  signal: AbortSignal,
): Promise<Decoded> {
  const audioMs = durationMs(samples.length)
  let passes = 0
  const pass = async (audioContext: number, timestamps: boolean) => {
    passes++
    const request = { samples, audioContext, timestamps, language, timeoutMs }
    return { audioContext, ...read(await requestWhisper(baseUrl, request, signal)) }
  }
  let result = await pass(windowOf(audioMs), needsTimestamps(audioMs))
  let noSpeechProbability: number | null = null
  const again = async () => {
    const full = await pass(fullWindow, true)
    noSpeechProbability = full.noSpeechProbability
    return full
  }
  if (loopIn({ ...result, audioMs }) !== null) result = await again()
  const meanLogProbability = mean(result.logProbabilities)
  if (noSpeechProbability === null && isDoubtful({ ...result, speechMs, meanLogProbability })) await again()
  const said = isSaid({ ...result, speechMs, meanLogProbability, noSpeechProbability })
  return { piece, ...result, noSpeechProbability, said, passes, audioMs }
}

function read(answer: WhisperAnswer) {
  const words = answer.segments.flatMap(segment => segment.words ?? [])
  const noSpeech = answer.segments
    .map(segment => segment.no_speech_prob ?? null)
    .filter(value => value !== null)
  return {
    text: answer.segments
      .map(segment => segment.text)
      .join('')
      .replace(/\s+/g, ' ')
      .trim(),
    tokens: answer.segments.reduce((sum, segment) => sum + (segment.tokens?.length ?? 0), 0),
    logProbabilities: words.map(({ probability }) => Math.log(Math.max(probability ?? 0, 1e-9))),
    noSpeechProbability: noSpeech.length === 0 ? null : Math.max(...noSpeech),
  }
}

/** All pieces as one transcript; pieces that were not really said are left out. */
function joined(decoded: readonly Decoded[]) {
  const said = decoded.filter(piece => piece.said)
  const noSpeech = decoded.map(piece => piece.noSpeechProbability).filter(value => value !== null)
  return {
    text: said.map(piece => piece.text).join(' '),
    segments: said.map(({ piece, text }) => ({ ...piece, text })),
    passes: decoded.reduce((sum, piece) => sum + piece.passes, 0),
    audioContext: Math.max(0, ...decoded.map(piece => piece.audioContext)),
    audioMs: decoded.reduce((sum, piece) => sum + piece.audioMs, 0),
    noSpeechProbability: noSpeech.length === 0 ? null : Math.max(...noSpeech),
    meanLogProbability: mean(decoded.flatMap(piece => piece.logProbabilities)),
  }
}

/** Voiced time in a piece: all of it for one piece, by the length of its segments for many. */
function speechIn(piece: Piece, speech: Speech): number {
  const inside = speech.segments.map(
    ({ startMs, endMs }) => Math.min(endMs, piece.endMs) - Math.max(startMs, piece.startMs),
  )
  return Math.min(
    speech.speechMs,
    inside.reduce((sum, lengthMs) => sum + Math.max(0, lengthMs), 0),
  )
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
}
