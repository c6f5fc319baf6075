/** Getting engines and models. Every `ensure` is cheap where all is there; what it throws for a lack names every source that was tried. */

export { cachePaths } from './cache.ts'
export { catalog, type VoicePackage } from './catalog.ts'
export { cpuFlags, cpuKey } from './cpu.ts'
export { ensureEndOfTurn, findEndOfTurn } from './endOfTurn/endOfTurn.ts'
export { checkChoice, chooseDefaultLanguageModel } from './ollama/defaultModel.ts'
export { ensureLanguageModel, makeLanguageModel, quantizeLanguageModel } from './ollama/language.ts'
export { ensureOllama, findOllama } from './ollama/ollama.ts'
export { installedLanguageModels, installedLanguageTags, removeLanguageModel } from './ollama/ollamaApi.ts'
export { knownLanguageTags, languageTagMadeFrom } from './ollama/tags.ts'
export { findOnPath } from './programs.ts'
export { speedsHere } from './speed/speedsHere.ts'
export type { OllamaProgram, Progress, SetupContext, SpeechModelFile, WhisperPrograms } from './types.ts'
export { ensureVoice, findVoice, removeVoice, voicePackage } from './voice/voice.ts'
export { ensureVoiceInTime, slowVoices, voiceInTime, voiceSpeed } from './voice/voiceSpeed.ts'
export {
  checkLicence,
  ensureWakeWord,
  listWakeWords,
  removeWakeWord,
  wakeFiles,
} from './wakeWord/wakeWord.ts'
export {
  checkSpeechModels,
  ensureSpeechModel,
  findSpeechModel,
  listSpeechModels,
  removeSpeechModel,
  tuneWhisper,
} from './whisper/speech.ts'
export { ensurePortableWhisper, ensureWhisper, findWhisper } from './whisper/whisper.ts'
