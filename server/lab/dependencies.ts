import type { EnergyMeter } from '../engines/energy.ts'
import type { SpeechEngines } from '../engines/whisper/speechEngines.ts'
import type { ModelProbe } from '../llm/probe.ts'
import type { Log } from '../log.ts'
import type { Margins } from '../protocol/comparisonFigures.ts'
import type { ComparisonEnvironment, ComparisonResult } from '../protocol/comparisonResult.ts'
import type { LanguageModel, SpeechModel } from '../protocol/models.ts'
import type { SessionDependencies } from '../session/session.ts'
import type { Stages } from '../session/stages.ts'
import type { Question } from './input.ts'
import type { Append } from './runs/files.ts'

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
  /** Processes of the engines that turns use, for their CPU time. */
  processes: { llm(): Promise<number[]>; speech(level: string): Promise<number[]> }
  environment(): Promise<Omit<ComparisonEnvironment, 'settings' | 'energySource'>>
  /** What tells the energy of this machine, or why nothing does. */
  energyMeter(): Promise<EnergyMeter | { why: string }>
  questions: readonly Question[]
  margins: Margins
  judge(observationsFile: string, signal: AbortSignal): Promise<ComparisonResult>
  dataDir: string
  /** Folders below which clips may be read. */
  audioDirs: readonly string[]
  /** How observations reach the disk; a test gives one that fails. */
  append?: Append
  log: Log
}
