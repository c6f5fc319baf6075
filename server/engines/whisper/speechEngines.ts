import type { EngineState } from '../status.ts'

/** A place at a whisper-server: nobody else is in it until `release`. Times in milliseconds. */
export type SpeechEngineLease = {
  baseUrl: string
  /** The wait for others' requests, without loading. */
  queueMs: number
  /** True when this request had to wait for the model to load. */
  cold: boolean
  /** Start, load and warm-up of the model as a cold request met it; null when it was warm. */
  loadMs: number | null
  /** For instance `whisper-server 1.9.1, local process`. */
  engine: string
  /** May be called more than once. */
  release(): void
}

export type LoadedSpeechModel = {
  name: string
  pid: number | null
  residentBytes: number | null
  state: EngineState
  lastError: string | null
  loadMs: number | null
  warmMs: number | null
  /** SIMD features that it says it uses; null where it has not, or is not ours to hear. */
  cpuFeatures: string[] | null
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
