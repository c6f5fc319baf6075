import type { EnergyMeter } from '../engines/energy.ts'
import type { SpeechEngines } from '../engines/whisper/speechEngines.ts'
import type { ModelProbe } from '../llm/probe.ts'
import type { Log } from '../log.ts'
import type { Margins } from '../protocol/comparisonFigures.ts'
import type { ComparisonEnvironment, ComparisonResult } from '../protocol/comparisonResult.ts'
import type { LanguageModel, SpeechModel } from '../protocol/models.ts'
import type { SessionDependencies } from '../session/session.ts'
import type { Stages } from '../session/stages.ts'
import type { Voice, VoiceModel } from '../voice/voice.ts'
import type { Question, SpokenText } from './input.ts'
import type { Append } from './runs/files.ts'

/** Voices in processes of their own. */
export type OwnVoices = {
  /** @throws as the voice of a turn */
  voice(name: string): Voice
  /** Starts what speaks with it, if that is ours and does not run. */
  warm(name: string, signal: AbortSignal): Promise<void>
  /** Of the process that speaks with it; null where that is not ours, or does not run. */
  pid(name: string): number | null
  stop(): Promise<void>
}

export type LabVoices = {
  /** Every voice that there is. */
  list(signal: AbortSignal): Promise<string[]>
  /** The voice that turns use. @throws QuantvoxError for an unknown one */
  known(name: string): Voice
  model(name: string): VoiceModel
  /** Those that nobody else uses; to be stopped. */
  open(): OwnVoices
}

/** All that the comparison lab runs on; a test scripts it. */
export type LabDependencies = {
  stages: Stages
  /** What a live session needs beside the stages, for whole spoken turns. */
  session: Pick<
    SessionDependencies,
    'activity' | 'detector' | 'loadedModels' | 'replies' | 'defaults' | 'maxUtteranceMs'
  >
  /** Every level of the catalog. */
  speechModels(): Promise<SpeechModel[]>
  /** Installed tags. */
  languageModels(signal: AbortSignal): Promise<LanguageModel[]>
  /** Every tag of the catalog. */
  languageTags(): string[]
  /** Makes a tag of the catalog of weights that are here; false where it cannot. */
  makeLanguageModel(tag: string, signal: AbortSignal): Promise<boolean>
  /** The tag that the weights of a tag were made from, by the catalog. */
  madeFrom(tag: string): string | null
  probe: ModelProbe
  /** Speech engines that nobody else uses; null where they run elsewhere, with a level that is theirs to choose. */
  speechEngines: (() => SpeechEngines) | null
  voices: LabVoices
  /** Processes of the engines that turns use, for their CPU time. */
  processes: { llm(): Promise<number[]>; speech(level: string): Promise<number[]> }
  environment(): Promise<Omit<ComparisonEnvironment, 'settings' | 'energySource'>>
  /** What tells the energy of this machine, or why nothing does. */
  energyMeter(): Promise<EnergyMeter | { why: string }>
  questions: readonly Question[]
  /** What voices speak. */
  texts: readonly SpokenText[]
  margins: Margins
  judge(observationsFile: string, signal: AbortSignal): Promise<ComparisonResult>
  /** Takes the engines out of what others use, until the returned function gives them back; left out where nobody else uses them. */
  alone?: (signal: AbortSignal) => Promise<() => Promise<void>>
  dataDir: string
  /** Folders below which clips may be read. */
  audioDirs: readonly string[]
  /** How observations reach the disk; a test gives one that fails. */
  append?: Append
  log: Log
}
