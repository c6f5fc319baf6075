import type { Speech } from '../audio/utterance.ts'

/** A speech model at one level of quantization. `digest` (sha256) and `quantization` are null where a server elsewhere does not tell. */
export type SpeechLevel = {
  name: string
  path: string
  digest: string | null
  quantization: string | null
}

export type HeardText = {
  text: string
  /** What a model that was not sure heard before another one was asked; null where one was enough. */
  firstText: string | null
  /** It may be no words at all but a hum, a laugh or a cough, by the recognizer's own judgement of the sound. */
  isUnclear: boolean
}

/** What is shown of an utterance while it goes on: `text`, whose first `stableLength` characters stay as they are. */
export type PartialText = HeardText & { stableLength: number }

/** What a decoding gave and took; its text is '' when nothing was said, by the recognizer's own judgement. Times in milliseconds. */
export type Transcript = HeardText & {
  /** The decoded pieces of the clip that have words. */
  segments: { startMs: number; endMs: number; text: string }[]
  /** Request to answer of the engine, all passes. */
  inferenceMs: number
  queueMs: number
  /** Decodings, repeated ones included; 0 where there was no speech, and then all other figures are 0 or null. */
  passes: number
  /** Encoder window of the longest pass in steps of 20 ms; null for a model without one. */
  audioContext: number | null
  /** Length of the audio that was decoded. */
  audioMs: number
  /** Voiced time that the text was judged by. */
  speechMs: number
  cold: boolean
  /** Null where the model was loaded already. */
  loadMs: number | null
  /** Program, version and where it runs. */
  engine: string
  /** Where it was decoded: an address, or a router's name for a host; null of an engine of ours. */
  host: string | null
  /** Attempts at hosts before; null of an engine of ours. */
  retries: number | null
  /** Whisper's code of what was heard, `und` where an English-only model heard another language, and then there is no text. */
  language: string | null
  /** Whether a decoding at a pause served as the final one; null where none was begun. */
  earlyDecode: 'used' | 'discarded' | null
  /** Mean natural logarithm of the probabilities of its words; null where the recognizer does not tell. */
  meanLogProbability: number | null
  /** Measured only for doubtful texts, else null. */
  noSpeechProbability: number | null
  /** When the text was there, `performance.now()` milliseconds; before `finish` where an early decoding served. */
  readyAtMs: number
}

export type RecognitionOptions = {
  /** A promise that is rejected fails `finish`, and nothing before it. */
  model: SpeechLevel | Promise<SpeechLevel>
  /** ISO 639; null lets a multilingual model find out. */
  language: string | null
  /** Who waits, for fairness between sessions. */
  owner: string
  /** It may well be no words: a short text that the model is not sure of is heard by another model, too, where one is here. */
  isDoubted?: boolean
  /** Text that what is said may go on from, or words that may come in it; for a model that can be told. */
  prompt?: string | undefined
  /** English text of whatever language is spoken; for a model that can. */
  translates?: boolean | undefined
  /** Told each stretch of a clip that nobody has listened to yet as soon as its words are final, in their order. */
  onStretch?: ((text: string) => void) | undefined
}

/** One utterance while it is recognized. After `finish` or `cancel` it takes nothing more, and ignores it. */
export type Recognition = {
  /**
   * The next samples, mono, 16 kHz; kept as they are, so nobody may change them. The first push is what was kept from before
   * the speech: the audio that is new to partial transcripts is counted from its end.
   */
  push(samples: Int16Array): void
  /**
   * A short silence: what was pushed so far may be all. `speech` is placed from the first sample pushed. `heard` is told the text
   * up to here once an early decoding has it, unless speech goes on first.
   */
  paused(speech: Speech, heard?: (text: string) => void): void
  /** Speech goes on after all. */
  resumed(): void
  /** What was said up to the pause that goes on, as soon as an early decoding has it; null before that, and in no pause. */
  textAtPause(): HeardText | null
  /** Tells `listener` of partial transcripts from now on; a recognizer without them never calls it. */
  partials(listener: (partial: PartialText) => void): void
  /**
   * The transcript of all that was pushed.
   * @param speech where speech is in it, as it was heard live; for a clip that nobody has listened to yet, a search for it,
   * which the recognizer starts when it suits it: beside the decoding, or before it
   * @throws QuantvoxError `engine_unavailable`, `engine_failed`, `engine_timeout`, and what the search throws; the signal's
   * reason when aborted
   */
  finish(speech: Speech | (() => Promise<Speech>), signal: AbortSignal): Promise<Transcript>
  /** Nobody wants it any more: the engine's work for it ends, and `finish` rejects. */
  cancel(): void
}

/** A family of speech models behind one way of asking; see test/contract/recognizer.ts for what all of them keep. */
export type Recognizer = {
  readonly capabilities: {
    /** Transcripts come while the user still speaks. */
    partials: boolean
    /** A decoding may begin at a pause, before it is known that the utterance is over. */
    earlyDecode: boolean
  }
  open(options: RecognitionOptions): Recognition
  /** Loads and warms a level without decoding anything. Gives what the load took; null where it was loaded. */
  load(model: SpeechLevel, owner: string, signal: AbortSignal): Promise<{ loadMs: number | null }>
}

/** A whole clip at once. @throws what `finish` throws */
export function recognizeClip(
  recognizer: Recognizer,
  samples: Int16Array,
  speech: Parameters<Recognition['finish']>[0],
  options: RecognitionOptions,
  signal: AbortSignal,
): Promise<Transcript> {
  const recognition = recognizer.open(options)
  recognition.push(samples)
  return recognition.finish(speech, signal)
}
