import type { WakeFiles } from '../hearing/wakeWord/phraseScores.ts'
import type { Ask } from '../llm/speed.ts'
import type { PullProgress, SpeechModel, WakeWordModel } from '../protocol/models.ts'
import type { SpeechLevel } from '../recognition/recognizer.ts'
import type { SpeedsHere } from '../shared/modelFit.ts'

export type Report = (item: string, progress: PullProgress) => void

/** Where engines and models come from. `main` hands over server/setup; everything here is quick when it is there already. */
export type Provision = {
  whisper(report: Report, signal: AbortSignal): Promise<{ serverPath: string; version: string }>
  ollama(report: Report, signal: AbortSignal): Promise<{ path: string; version: string }>
  /** Fetches or makes a speech level. Throws `model_not_found` for an unknown one. */
  speechLevel(name: string, report: Report, signal: AbortSignal): Promise<SpeechLevel>
  /** Path of the model that hears whether a turn is over. */
  endOfTurn(report: Report, signal: AbortSignal): Promise<string>
  /**
   * Paths of what an engine speaks with, fetched and measured where that was not done.
   * Throws `engine_unavailable` where it cannot be had, or where this machine is too slow for it.
   */
  voice(engine: string, report: Report, signal: AbortSignal): Promise<string[]>
  /** Engines that speak too slowly here, as far as that was measured, and how slowly. */
  slowVoices(): Promise<ReadonlyMap<string, string>>
  /** What hears the phrase of that name. Throws `model_not_found` for one that nobody fetched. */
  wakeFiles(phrase: string, report: Report, signal: AbortSignal): Promise<WakeFiles>
  /** Fetches a wake word of the catalog, whose licence was accepted. */
  wakeWord(name: string, report: Report, signal: AbortSignal): Promise<void>
  wakeWords(): Promise<WakeWordModel[]>
  /** Throws `licence_not_accepted` unless the licence of a wake word is the one that was accepted, and `model_not_found`. */
  checkWakeLicence(name: string, accepted: string | null): void
  speechLevels(): Promise<Omit<SpeechModel, 'loaded' | 'residentBytes'>[]>
  /** Pulls a tag, or makes it by the catalog's recipe. */
  languageModel(tag: string, ollamaUrl: string, report: Report, signal: AbortSignal): Promise<void>
  /** Deletes a speech level from the disk; false where it was not here. Throws `model_not_found` for an unknown one. */
  removeSpeechLevel(name: string): Promise<boolean>
  /** Has Ollama delete a tag; false where it has it not. */
  removeLanguageModel(tag: string, ollamaUrl: string, signal: AbortSignal): Promise<boolean>
  /** Makes a tag of the catalog from weights that Ollama has; false where it has them not. */
  makeLanguageModel(tag: string, ollamaUrl: string, report: Report, signal: AbortSignal): Promise<boolean>
  /** Tags that the catalog knows, whether installed or not. */
  languageTags(): { name: string; parameterSize: string; licence: string; sizeBytes: number }[]
  /** How fast models reply here, as far as it was measured. */
  speedsHere(): Promise<SpeedsHere>
  /** The tag that a tag's weights were made from, by the catalog; null for others. */
  languageTagMadeFrom(tag: string): string | null
  /**
   * The tag to use where none is set: an installed one of the catalog, else one that can be had; where `ollamaUrl` is null, so that
   * nothing may be had, the first that is installed. Where Ollama's registry is out of reach a small model may be got and measured for it.
   */
  defaultLanguageTag(
    installed: string[],
    ollamaUrl: string | null,
    report: Report,
    signal: AbortSignal,
  ): Promise<string>
  /** Measures a default that was chosen by what a smaller model took, once; what to tell where it is slower than it should be. */
  checkLanguageTag(tag: string, ask: Ask, signal: AbortSignal): Promise<string | null>
}
