import { durationMs } from '../../audio/pcm.ts'
import type { Routing } from '../../shared/routed.ts'
import { AUTO, hearsEnglishOnly, languageCode, languageFor, UNDETERMINED } from '../../spokenLanguage.ts'
import { createTelling, type Decode, type DecodeDependencies, inPlace } from '../utterance/decoding.ts'
import { loopIn } from '../utterance/loopGuard.ts'
import { cut, type Piece, speechIn, splitAtPauses } from '../utterance/split.ts'
import { isDoubtful, isSaid, isUnclear, SHORT_SPEECH_MS } from './judge.ts'
import { requestWhisper, type WhisperAnswer } from './whisperServer.ts'
import { FULL_WINDOW, needsTimestamps, pieceLimits, windowFor } from './window.ts'

/** Decoding by whisper-servers. */
export function createWhisperDecode({
  acquire,
  timeoutMs = 120_000,
  vocabulary = [],
}: DecodeDependencies): Decode {
  const glossary = vocabulary.length === 0 ? [] : [`${vocabulary.join(', ')}.`]
  return async (
    { samples, speech },
    { model, language, owner, onAsked, onStretch, isLook, prompt, translates },
    signal,
  ) => {
    const spoken = languageFor(model.name, language)
    const tell = createTelling(onStretch)
    return await inPlace(
      () => acquire(model, owner, signal),
      isLook === true,
      signal,
      async (baseUrl, { routing, figures }) => {
        onAsked?.()
        const pieces: DecodedPiece[] = []
        for (const piece of splitAtPauses(samples, speech.segments, pieceLimits)) {
          const request = {
            ...{ language: spoken, timeoutMs, speechMs: speechIn(piece, speech) },
            englishOnly: hearsEnglishOnly(model.name),
            ...{ prompt: [...glossary, prompt ?? ''].join(' ').trim(), translates },
            routing,
          }
          pieces.push(await decodePiece(baseUrl, piece, cut(samples, piece), request, signal))
          tell(pieces.map(({ said, text }) => (said ? text : '')))
        }
        const took = figures()
        const decoded = joined(pieces)
        const { text, meanLogProbability } = decoded
        // A look hears words that are not said to their end.
        const isInDoubt = isLook
          ? isDoubtful({ ...decoded, speechMs: speech.speechMs })
          : speech.speechMs < SHORT_SPEECH_MS && isUnclear(meanLogProbability)
        return {
          ...{ ...decoded, ...took, speechMs: speech.speechMs },
          firstText: null,
          isUnclear: text !== '' && isInDoubt,
          isSaid: speechMs => isSaid({ ...decoded, speechMs }),
        }
      },
    )
  }
}

type DecodedPiece = {
  piece: Piece
  text: string
  logProbabilities: number[]
  noSpeechProbability: number | null
  said: boolean
  language: string | null
  passes: number
  audioContext: number
  audioMs: number
}

type PieceRequest = {
  language: string
  timeoutMs: number
  /** Voiced time in the piece. */
  speechMs: number
  englishOnly: boolean
  prompt: string | undefined
  translates: boolean | undefined
  routing: Routing
}

/**
 * What an English-only model writes of another language where it may: `(speaking in foreign language)`. Measured with tiny.en on
 * Spanish, which it takes for English words at a mean log probability of -1.8; doubtful English keeps its words.
 */
const FOREIGN = /^\s*[([][^)\]]*(?:foreign language|\bspeak(?:ing|s) (?:in )?(?!english)\p{L}+)[^)\]]*[)\]]/iu

/**
 * One piece; again as Whisper was trained, with the full window and timestamps, when the decoder lost its end, or for the
 * no-speech probability of a text that may be made up: a small window gives wrong ones.
 */
async function decodePiece(
  baseUrl: string,
  piece: Piece,
  samples: Int16Array,
  { speechMs, englishOnly, timeoutMs, language, routing, ...asked }: PieceRequest,
  signal: AbortSignal,
): Promise<DecodedPiece> {
  const audioMs = durationMs(samples.length)
  let passes = 0
  const pass = async (audioContext: number, timestamps: boolean, notes = false) => {
    passes++
    const request = { ...asked, samples, audioContext, timestamps, notes, language, timeoutMs }
    return { audioContext, ...read(await requestWhisper(baseUrl, request, signal, routing)) }
  }
  let result = await pass(windowFor(audioMs), needsTimestamps(audioMs))
  let noSpeechProbability: number | null = null
  const again = async (notes = false) => {
    const full = await pass(FULL_WINDOW, true, notes)
    noSpeechProbability = full.noSpeechProbability
    return full
  }
  if (loopIn({ ...result, audioMs }) !== null) result = await again()
  const meanLogProbability = mean(result.logProbabilities)
  const isInDoubt = isDoubtful({ ...result, speechMs, meanLogProbability })
  const looked = isInDoubt && (noSpeechProbability === null || englishOnly) ? await again(englishOnly) : null
  const isForeign = englishOnly && looked !== null && FOREIGN.test(looked.text)
  const said = !isForeign && isSaid({ ...result, speechMs, meanLogProbability, noSpeechProbability })
  const heard = isForeign
    ? UNDETERMINED
    : (languageCode(language === AUTO ? result.language : language) ?? null)
  return { piece, ...result, language: heard, noSpeechProbability, said, passes, audioMs }
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
    language: answer.language ?? '',
    tokens: answer.segments.reduce((sum, segment) => sum + (segment.tokens?.length ?? 0), 0),
    logProbabilities: words.map(({ probability }) => Math.log(Math.max(probability ?? 0, 1e-9))),
    noSpeechProbability: noSpeech.length === 0 ? null : Math.max(...noSpeech),
  }
}

/** All pieces as one transcript; pieces that were not really said are left out. */
function joined(decoded: readonly DecodedPiece[]) {
  const said = decoded.filter(piece => piece.said)
  const noSpeech = decoded.map(piece => piece.noSpeechProbability).filter(value => value !== null)
  return {
    text: said.map(piece => piece.text).join(' '),
    segments: said.map(({ piece, text }) => ({ ...piece, text })),
    // What was said goes before what was not.
    language: (said[0] ?? decoded[0])?.language ?? null,
    passes: decoded.reduce((sum, piece) => sum + piece.passes, 0),
    audioContext: Math.max(0, ...decoded.map(piece => piece.audioContext)),
    audioMs: decoded.reduce((sum, piece) => sum + piece.audioMs, 0),
    noSpeechProbability: noSpeech.length === 0 ? null : Math.max(...noSpeech),
    meanLogProbability: mean(decoded.flatMap(piece => piece.logProbabilities)),
  }
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
}
