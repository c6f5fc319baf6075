import { setTimeout as sleep } from 'node:timers/promises'
import type { DecodedAudio } from '../audio/decodedAudio.ts'
import { isAbort } from '../errors.ts'
import type { SpeechFound } from '../hearing/speechSegments.ts'
import { judgeTranscript } from '../recognition/whisper/judge.ts'
import type { SpeechLevel, Transcript } from '../recognition/whisper/recognizer.ts'
import { recordTranscript } from './recordTranscript.ts'
import type { Stages } from './stages.ts'
import type { Turn } from './turn.ts'

/**
 * Up to here the encoder window is its floor whatever the clip holds, so cutting silence off could save nothing and
 * decoding need not wait for voice activity. Milliseconds; server/recognition/whisper/window.ts has the floor.
 */
const DECODE_AT_ONCE_MS = 8_000

/** The longest that voice activity waits for the request to go out. */
const HEAD_START_MS = 5

/** What was said in a whole clip, or null for "nothing". Figures go into the turn's draft. */
export async function hear(
  audio: DecodedAudio,
  model: SpeechLevel,
  language: string | null,
  stages: Stages,
  turn: Turn,
  signal: AbortSignal,
): Promise<string | null> {
  const { draft, timeline, owner } = turn
  const { name, digest, quantization } = model
  Object.assign(draft.speech, { model: name, digest, quantization, audioMs: audio.durationMs })
  if (audio.samples.length === 0) {
    draft.speech.speechMs = 0
    return null
  }
  const decode: Decode = (speech, until, onAsked) =>
    stages.recognize({ samples: audio.samples, speech }, { model, language, owner, onAsked }, until)
  const find = async () => {
    const found = await stages.findSpeech(audio.samples, signal)
    draft.speech.speechMs = found.speechMs
    return found
  }
  const { found, transcript } =
    audio.durationMs <= DECODE_AT_ONCE_MS
      ? await besideEachOther(find, audio.durationMs, decode, signal)
      : await oneAfterTheOther(find, decode, signal)
  if (transcript === null) return null
  recordTranscript(draft.speech, transcript)
  timeline.mark('transcript')
  return judgeTranscript(transcript, found.speechMs) ? transcript.text : null
}

type Speech = Pick<SpeechFound, 'segments' | 'speechMs'>
type Decode = (speech: Speech, until: AbortSignal, onAsked: () => void) => Promise<Transcript>
type Find = () => Promise<SpeechFound>
type Heard = { found: SpeechFound; transcript: Transcript | null }

async function oneAfterTheOther(find: Find, decode: Decode, signal: AbortSignal): Promise<Heard> {
  const found = await find()
  return { found, transcript: found.segments.length === 0 ? null : await decode(found, signal, () => {}) }
}

/** A clip without speech cancels the decoding that had begun. */
async function besideEachOther(
  find: Find,
  clipMs: number,
  decode: Decode,
  signal: AbortSignal,
): Promise<Heard> {
  const nothingSaid = new AbortController()
  const wholeClip = { segments: [{ startMs: 0, endMs: clipMs }], speechMs: clipMs }
  const asked = Promise.withResolvers<void>()
  const until = AbortSignal.any([signal, nothingSaid.signal])
  const decoding = decode(wholeClip, until, asked.resolve).catch((error: unknown) => {
    if (!signal.aborted && isAbort(error, nothingSaid.signal)) return null
    throw error
  })
  // Voice activity keeps the event loop busy, so the request goes out first; behind others it is not waited for.
  const watching = Promise.race([asked.promise, sleep(HEAD_START_MS)])
    .then(find)
    .then(found => {
      if (found.segments.length === 0) nothingSaid.abort()
      return found
    })
    .catch((error: unknown) => {
      nothingSaid.abort()
      throw error
    })
  const [found, transcript] = await Promise.all([watching, decoding])
  return { found, transcript: found.segments.length === 0 ? null : transcript }
}
