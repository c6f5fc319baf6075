import type { SpeechEngineLease } from '../../engineLease.ts'
import type { Program } from '../child.ts'
import type { EngineState } from '../status.ts'

/** A program that serves one speech level over HTTP; healthy once `GET health` below its path succeeds. */
export type SpeechProgram = {
  name: SpeechEngineName
  version: string
  command(modelPath: string, where: { port: number; basePath: string }): Program
  /** A first request that pays what the first one costs. */
  warm?(baseUrl: string, signal: AbortSignal): Promise<void>
}

export type SpeechEngineName = 'whisper-server' | 'moonshine'

export type LoadedSpeechModel = {
  name: string
  /** The program that has it loaded. */
  engine: SpeechEngineName
  pid: number | null
  residentBytes: number | null
  state: EngineState
  lastError: string | null
  loadMs: number | null
  warmMs: number | null
  /** SIMD features that it says it uses; null where it has not, or is not ours to hear. */
  cpuFeatures: string[] | null
  /** The GPU that it says it runs on, `none` without one; null where it says nothing of it, or is not ours to hear. */
  gpu: string | null
  /** Where it answers, of one that is not ours. */
  url: string | null
}

export type SpeechEngines = {
  /**
   * Waits for a place at an engine with this model; an unloaded one is loaded.
   * @param owner whoever speaks: owners that wait take turns
   * @throws `engine_unavailable`, or the signal's reason
   */
  acquire(
    model: { name: string; path: string },
    owner: string,
    signal: AbortSignal,
  ): Promise<SpeechEngineLease>
  /** What is loaded now, least recently used first. For remote engines, one entry a URL. */
  loaded(): Promise<LoadedSpeechModel[]>
  /** What `/readyz` needs: false while nothing that was asked for can be used; `detail` says what cannot. */
  ready(): { ready: boolean; detail: string | null }
  stop(): Promise<void>
}
