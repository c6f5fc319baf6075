import type { Measured } from './whisper/buildChoice.ts'
import type { GpuBackend } from './whisper/gpu.ts'

/** `completedBytes` and `totalBytes` are null where nothing counts them (a compiler, another program's download). */
export type Progress = {
  /** What is being got, for instance `ollama` or `whisper-tiny.en-q8_0`. */
  item: string
  /** What is being done to it, a few words. */
  status: string
  completedBytes: number | null
  totalBytes: number | null
}

export type SetupContext = {
  /** Engines, models and partial downloads; made where it is missing. */
  cacheDir: string
  onProgress(progress: Progress): void
  signal: AbortSignal
}

/** Tells what is being done to an item where nothing counts its bytes. */
export const reporter =
  ({ onProgress }: Pick<SetupContext, 'onProgress'>, item: string) =>
  (status: string, totalBytes: number | null = null) =>
    onProgress({ item, status, completedBytes: null, totalBytes })

export type WhisperPrograms = {
  serverPath: string
  quantizePath: string
  version: string
  origin: 'path' | 'built'
  /** By which of two builds the server was chosen; null where there is one, or where they were not measured. */
  measured: Measured | null
  /** What a server that was built here runs on beside the CPU; null without, and where it is on PATH, which tells nothing of it. */
  gpu: GpuBackend | null
}

export type OllamaProgram = { path: string; version: string; origin: 'path' | 'archive' | 'built' }

export type SpeechModelFile = {
  /** For instance `whisper-tiny.en-q8_0`. */
  name: string
  family: string
  quantization: string
  path: string
  sizeBytes: number
  /** sha256, hex. */
  digest: string
  languages: 'english' | 'multilingual'
  parameterSize: string | null
}
