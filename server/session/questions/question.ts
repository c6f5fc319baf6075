import type { Conversation } from '../../conversation/conversations.ts'
import type { UtteranceTaker } from '../../hearing/ear.ts'
import type { UtteranceEnd } from '../../hearing/hearing.ts'
import type { LanguageModel } from '../../protocol/models.ts'
import type { DetectorReading } from '../../protocol/record.ts'
import type { HeardText, SpeechLevel, Transcript } from '../../recognition/recognizer.ts'
import { MULTILINGUAL, UNDETERMINED } from '../../spokenLanguage.ts'
import type { Voice } from '../../voice/voice.ts'
import type { Sink } from '../events.ts'
import type { Stages } from '../stages.ts'
import type { Turn } from '../turn.ts'

/** What is to be answered, and by whom. */
export type Question = {
  text: string
  /** How it was heard, of what was said. */
  heard?: HeardText
  /** That it is in, as Whisper codes it; null where that is not known. */
  language: string | null
  model: LanguageModel
  voice: Voice
  conversation: Conversation
}

/** What the session says by itself. */
export type Announcement = { announced: string; voice: Voice; conversation: Conversation }

/** What a turn is about. */
export type Subject = Question | Announcement

/** How the answer to a question is wanted. */
export type Wish = (question: Question) => Question

/** Where what a turn is about comes from; `signal` aborts when nobody wants to know it any more. */
export type QuestionSource = {
  /** The question, or what is to be said; null where nothing was said. Marks and figures go into the turn. Throws as the stages do. */
  understand(end: UtteranceEnd | null): Promise<Subject | null>
  /** Follows speech while it goes on. */
  taker?: UtteranceTaker
  /** More of it is said: what was said so far stands before it. */
  reopen?(): void
  /** The audio of the question, once it is known; mono, 16 kHz. */
  samples(): Int16Array | null
}

/** What a question that is still being said may be answered by already. */
export type Supposing = {
  /** `detector` gets what a detector makes of it, null where there is none. */
  paused(detector: DetectorReading | null): void
  /**
   * The question, if it ends with this pause.
   * @param isOpen whether what it says has a part in whether it does
   */
  suppose(question: Promise<Question>, isOpen: boolean): void
  /** How likely its words can end here, by the language model, 0 to 1; null where that is not known. */
  endsHere(): number | null
  /** It does not. */
  resumed(): void
}

export type QuestionContext = {
  stages: Stages
  turn: Turn
  sink: Sink
  signal: AbortSignal
}

/** Told of a question that is being said with every frame of it. */
export type Following = {
  /** It is said over a reply. */
  isOver: boolean
  /** Its next samples, mono, 16 kHz; the first time those from before its first sound. */
  sounds(samples: Int16Array): void
  /** What is known of it after them: how much is voiced, and its words so far. */
  heard(voicedMs: number, said: HeardText | null): void
}

export type AskedFor = (context: QuestionContext & Following & { supposing: Supposing }) => QuestionSource

/** Puts what a decoding gave and took into the turn; gives its text, or null where nothing was said that could be heard. */
export function recordTranscript(turn: Turn, transcript: Transcript, sink: Sink): string | null {
  const { text, speechMs, queueMs, inferenceMs, audioContext, passes, ...how } = transcript
  const { cold, engine, host, retries, earlyDecode } = how
  const { speech } = turn.draft
  speech.speechMs = speechMs
  if (passes === 0) return null
  speech.language = transcript.language
  if (transcript.language === UNDETERMINED) {
    const message = `${speech.model} hears English only, and this was another language.`
    sink.tell({ type: 'hint', turnId: turn.turnId, hint: 'english-only', message, mend: MULTILINGUAL })
  }
  Object.assign(speech, { queueMs, inferenceMs, audioContext, passes, cold, engine, earlyDecode })
  Object.assign(speech, { host, retries })
  speech.realTimeFactor = speech.audioMs ? inferenceMs / speech.audioMs : null
  turn.timeline.mark('transcript', transcript.readyAtMs)
  return text === '' ? null : text
}

export function recordLevel({ draft }: Turn, { name, digest, quantization }: SpeechLevel): void {
  Object.assign(draft.speech, { model: name, digest, quantization })
}

export function recordVoice({ draft }: Turn, { name }: Voice, { voiceModel }: Stages): void {
  const { digest, quantization } = voiceModel(name)
  Object.assign(draft.synthesis, { voice: name, digest, quantization })
}
