import { durationMs } from '../../audio/pcm.ts'
import type { Routing } from '../../shared/routed.ts'
import {
  type Clip,
  createTelling,
  type Decode,
  type DecodeDependencies,
  type Decoded,
  type DecodeOptions,
  inPlace,
} from '../utterance/decoding.ts'
import { loopIn } from '../utterance/loopGuard.ts'
import { cut, type Piece, speechIn, splitAtPauses } from '../utterance/split.ts'
import { hasWords, isSaid, isUnclear, isUnsure, SHORT_SPEECH_MS } from './judge.ts'
import { requestMoonshine } from './moonshineServer.ts'

/** Moonshine was trained on clips of 4 to 30 s. What it costs grows with the length, so there is nothing to pack them for. */
const pieceLimits = { packMs: 15_000, maxMs: 30_000 }

/**
 * What is cut off at both ends of a piece that gave no words, milliseconds: of the 320 that are kept around speech. Silence in front
 * is what it fails at.
 */
const TIGHTER_BY_MS = 200

/** Hears a piece that Moonshine makes nothing of, or is not sure of; null where nobody is here who could. */
type SecondOpinion = (
  clip: Clip,
  options: DecodeOptions,
  signal: AbortSignal,
) => Promise<Pick<Decoded, 'text' | 'passes' | 'meanLogProbability'> | null>

/** Decoding by our Moonshine engine. A piece without words is heard again in another crop, and then by somebody else. */
export function createMoonshineDecode({
  acquire,
  secondOpinion,
  timeoutMs = 120_000,
}: DecodeDependencies & { secondOpinion: SecondOpinion }): Decode {
  return async ({ samples, speech }, options, signal) => {
    const tell = createTelling(options.onStretch)
    return await inPlace(
      () => acquire(options.model, options.owner, signal),
      options.isLook === true,
      signal,
      async (baseUrl, { routing, figures }) => {
        options.onAsked?.()
        const pieces = splitAtPauses(samples, speech.segments, pieceLimits)
        // The draft is of the whole utterance: it says nothing about where its pieces begin.
        const draft = pieces.length === 1 ? options.draft : undefined
        const decoded: DecodedPiece[] = []
        for (const piece of pieces) {
          const hear = hearing(baseUrl, { timeoutMs, ...routing }, samples, draft, signal)
          decoded.push(await decodePiece(hear, piece, speechIn(piece, speech), options.isLook === true))
          // Of one without words somebody else is asked.
          tell(decoded.map(({ text }) => text || null))
        }
        const isDoubted = options.isDoubted === true && speech.speechMs < SHORT_SPEECH_MS
        const asked = decoded.filter(
          ({ speechMs, text, logProbabilities }) =>
            speechMs > 0 && (text === '' || (isDoubted && isUnsure(mean(logProbabilities)))),
        )
        if (asked.some(({ text }) => text !== ''))
          options.onDoubted?.(decoded.map(({ text }) => text).join(' '))
        for (const piece of options.isLook ? [] : asked)
          await askAnother(secondOpinion, piece, samples, options, signal)
        tell(decoded.map(({ text }) => text))
        const took = figures()
        const said = decoded.filter(({ text }) => text !== '')
        const text = said.map(piece => piece.text).join(' ')
        const meanLogProbability = mean(said.flatMap(piece => piece.logProbabilities))
        return {
          text,
          firstText: firstTextOf(decoded),
          isUnclear: options.isLook
            ? isUnsure(meanLogProbability)
            : said.length > 0 && said.every(piece => piece.isUnclear),
          segments: said.map(({ piece, text }) => ({ ...piece, text })),
          passes: decoded.reduce((sum, { passes }) => sum + passes, 0),
          audioContext: null,
          audioMs: pieces.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0),
          ...{ ...took, speechMs: speech.speechMs },
          ...{ meanLogProbability, noSpeechProbability: null, language: 'en' },
          isSaid: speechMs => isSaid(text, meanLogProbability, speechMs),
        }
      },
    )
  }
}

type DecodedPiece = {
  piece: Piece
  text: string
  logProbabilities: number[]
  /** What Moonshine heard where somebody else was asked, who heard other words. */
  firstText: string | null
  /** That one was not sure either. */
  isUnclear: boolean
  passes: number
  /** Voiced time in it. */
  speechMs: number
}

type Hear = (piece: Piece) => Promise<{ text: string; logProbabilities: number[] }>

function hearing(
  baseUrl: string,
  { timeoutMs, ...routing }: Routing & { timeoutMs: number },
  samples: Int16Array,
  draft: DecodeOptions['draft'],
  signal: AbortSignal,
): Hear {
  return async piece => {
    const request = { samples: cut(samples, piece), draft: draft?.tokens ?? [], timeoutMs }
    const { text, tokens, logProbabilities } = await requestMoonshine(baseUrl, request, signal, routing)
    const audioMs = durationMs(request.samples.length)
    if (!hasWords(text) || loopIn({ text, tokens: 0, audioMs }) !== null)
      return { text: '', logProbabilities: [] }
    if (draft !== undefined) draft.tokens = tokens
    return { text, logProbabilities }
  }
}

async function decodePiece(
  hear: Hear,
  piece: Piece,
  speechMs: number,
  isLook: boolean,
): Promise<DecodedPiece> {
  const first = await hear(piece)
  const tighter = { startMs: piece.startMs + TIGHTER_BY_MS, endMs: piece.endMs - TIGHTER_BY_MS }
  if (first.text !== '' || isLook || speechMs <= 0 || tighter.endMs <= tighter.startMs)
    return judged({ piece, ...first, firstText: null, isUnclear: false, passes: 1, speechMs })
  return judged({ piece, ...(await hear(tighter)), firstText: null, isUnclear: false, passes: 2, speechMs })
}

/** All that Moonshine heard; null where nobody else was asked. */
function firstTextOf(decoded: readonly DecodedPiece[]): string | null {
  if (decoded.every(({ firstText }) => firstText === null)) return null
  return decoded
    .map(({ text, firstText }) => firstText ?? text)
    .join(' ')
    .trim()
}

const judged = (piece: DecodedPiece): DecodedPiece =>
  isSaid(piece.text, mean(piece.logProbabilities), piece.speechMs)
    ? piece
    : { ...piece, text: '', logProbabilities: [] }

/** Puts in what somebody else hears in a piece; what that one makes nothing of stays as it is, and is unclear. */
async function askAnother(
  secondOpinion: SecondOpinion,
  heard: DecodedPiece,
  samples: Int16Array,
  options: DecodeOptions,
  signal: AbortSignal,
): Promise<void> {
  const clip = cut(samples, heard.piece)
  const lengthMs = durationMs(clip.length)
  const speech = { segments: [{ startMs: 0, endMs: lengthMs }], speechMs: heard.speechMs }
  const other = await secondOpinion({ samples: clip, speech }, options, signal).catch(() => {
    // An engine that is not there for this once fails no turn: nothing was heard.
    signal.throwIfAborted()
    return null
  })
  if (other === null) return
  heard.passes += other.passes
  heard.isUnclear = other.text === '' || isUnclear(mean(heard.logProbabilities), other.meanLogProbability)
  if (other.text === '') return
  heard.firstText = heard.text === '' ? null : heard.text
  heard.text = other.text
  // Judged already, by its own measure.
  heard.logProbabilities = []
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
}
