import type { DecodedAudio } from '../../audio/decodedAudio.ts'
import type { Speech } from '../../audio/utterance.ts'
import { type RecognitionOptions, recognizeClip, type Transcript } from '../../recognition/recognizer.ts'
import { inheritedBy, orFound, refuseUnheard } from '../../spokenLanguage.ts'
import { withinPatience } from '../patience.ts'
import { type QuestionContext, recordLevel, recordTranscript } from './question.ts'
import { tellIfQuiet } from './quietMicrophone.ts'

/** A clip still to be decoded, so that a clip that is no audio still leaves its row. */
export type Clip = { decode(signal: AbortSignal): Promise<DecodedAudio> }

/** How it is to be heard; what is left out is as the server's settings have it. */
export type HeardAs = Pick<RecognitionOptions, 'prompt' | 'translates' | 'onStretch'> & {
  speechModel?: string | undefined
  /** Whisper's code, or auto. */
  language?: string | undefined
}

export type HeardClip = {
  /** Null where nothing was said. */
  text: string | null
  audioMs: number
  /** Null where the clip is empty. */
  transcript: Transcript | null
  /** Where voice is in the clip; null where nobody had to look. */
  speech: Speech | null
}

/** Hears a whole clip; figures go into the turn. @throws what decoding and recognizing throw, `model_not_found`, `invalid_request` */
export async function hearClip(
  { decode }: Clip,
  heardAs: HeardAs,
  { stages, turn, sink }: Pick<QuestionContext, 'stages' | 'turn' | 'sink'>,
  signal: AbortSignal,
): Promise<HeardClip> {
  const { speech: figures } = turn.draft
  const speechModel = heardAs.speechModel ?? stages.settings.speechModel
  const language =
    heardAs.language === undefined
      ? inheritedBy(speechModel, stages.settings.language)
      : orFound(heardAs.language)
  figures.model = speechModel
  refuseUnheard(speechModel, language)
  const finding = withinPatience(stages.speechLevel(speechModel, signal))
  finding.catch(() => {})
  const { samples, durationMs: audioMs } = await decode(signal)
  const model = await finding
  recordLevel(turn, model)
  figures.audioMs = audioMs
  if (samples.length === 0) {
    figures.speechMs = 0
    return { text: null, audioMs, transcript: null, speech: null }
  }
  let speech: Speech | null = null
  const find = async () => {
    speech = await stages.findSpeech(samples, signal)
    tellIfQuiet(turn.turnId, samples, speech, sink)
    return speech
  }
  const { prompt, translates, onStretch } = heardAs
  const options = { model, language, owner: turn.owner, prompt, translates, onStretch }
  const transcript = await recognizeClip(stages.recognizer, samples, find, options, signal)
  return { text: recordTranscript(turn, transcript, sink), audioMs, transcript, speech }
}
