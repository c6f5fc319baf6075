import type { SpeechModel } from '../protocol/models.ts'
import { catalog } from './catalog.ts'
import { foundOllama, obtainOllama } from './ollama/ollama.ts'
import type { OllamaProgram, SetupContext, SpeechModelFile, WhisperPrograms } from './types.ts'
import {
  catalogSpeechModels,
  checkSpeechModels as checkAll,
  deleteSpeechModel,
  findSpeechLevel,
  obtainSpeechModel,
} from './whisper/speech.ts'
import { buildPortableWhisper, foundWhisper, obtainWhisper } from './whisper/whisper.ts'

/** Getting engines and models. Every `ensure` is cheap where all is there. */

export { cachePaths } from './cache.ts'
export { catalog } from './catalog.ts'
export { cpuFlags, cpuKey } from './cpu.ts'
export { chooseDefaultLanguageModel, ensureLanguageModel, quantizeLanguageModel } from './ollama/language.ts'
export { installedLanguageModels, installedLanguageTags, removeLanguageModel } from './ollama/ollamaApi.ts'
export { findOnPath } from './programs.ts'
export type { OllamaProgram, Progress, SetupContext, SpeechModelFile, WhisperPrograms } from './types.ts'

/** Every Ollama tag that the catalog knows: what it can make, and what it suggests to pull. */
export function knownLanguageTags(): string[] {
  const { suggestions, recipes } = catalog.language
  return [...suggestions, ...recipes.flatMap(recipe => recipe.tags)].map(({ tag }) => tag)
}

/** Where a recipe makes a tag from weights of less precision, the tag that has those; null for every other tag. */
export function languageTagMadeFrom(tag: string): string | null {
  for (const { tags } of catalog.language.recipes) {
    if (tags.some(made => made.tag === tag && made.from === 'f16'))
      return tags.find(made => made.from === 'original')?.tag ?? null
  }
  return null
}

/** `whisper-server` and `whisper-quantize`. Throws `engine_unavailable` with every source that was tried. */
export function ensureWhisper(context: SetupContext): Promise<WhisperPrograms> {
  return obtainWhisper(catalog.engines.whisper, context)
}

/** The programs of whisper.cpp for an image, which runs on other CPUs than the one that built it. */
export function ensurePortableWhisper(context: SetupContext): Promise<WhisperPrograms> {
  return buildPortableWhisper(catalog.engines.whisper, context)
}

/** The `ollama` program. Throws `engine_unavailable` with every source that was tried. */
export function ensureOllama(context: SetupContext): Promise<OllamaProgram> {
  return obtainOllama(catalog.engines.ollama, context)
}

/** The `ollama` program where it is here already; fetches and builds nothing. */
export function findOllama(context: SetupContext): Promise<OllamaProgram | null> {
  return foundOllama(catalog.engines.ollama, context)
}

/** The whisper.cpp programs that are here already; null where they would have to be built. */
export function findWhisper(context: SetupContext): Promise<WhisperPrograms | null> {
  return foundWhisper(catalog.engines.whisper, context)
}

/** A speech model level, fetched and quantized on demand. Throws `model_not_found` for a name that is not in the catalog. */
export function ensureSpeechModel(name: string, context: SetupContext): Promise<SpeechModelFile> {
  return obtainSpeechModel(findSpeechLevel(name, catalog.speech), ensureWhisper, context)
}

/** Every level of the catalog, installed or not; `loaded` is false throughout, the server knows better. */
export function listSpeechModels(cacheDir: string): Promise<SpeechModel[]> {
  return catalogSpeechModels(catalog.speech, cacheDir)
}

/** Hashes every speech model file in the cache, which takes a moment, and says which are what they were when they were made. */
export function checkSpeechModels(
  cacheDir: string,
  signal: AbortSignal,
): Promise<{ name: string; whole: boolean }[]> {
  return checkAll(catalog.speech, cacheDir, signal)
}

/** Removes a level's file; true where there was one. Throws `model_not_found` for a name that is not in the catalog. */
export async function removeSpeechModel(name: string, cacheDir: string): Promise<boolean> {
  return deleteSpeechModel(findSpeechLevel(name, catalog.speech), cacheDir)
}
