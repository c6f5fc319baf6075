import type { Provision, Report } from '../assembly/provision.ts'
import {
  chooseDefaultLanguageModel,
  ensureLanguageModel,
  ensureOllama,
  ensureSpeechModel,
  ensureWhisper,
  knownLanguageTags,
  languageTagMadeFrom,
  listSpeechModels,
  makeLanguageModel,
  type SetupContext,
} from './index.ts'

/** What the server gets its engines and models from: setup, on one cache directory. */
export function provisionFrom(cacheDir: string): Provision {
  const context = (report: Report, signal: AbortSignal): SetupContext => ({
    cacheDir,
    signal,
    onProgress: ({ item, ...progress }) => report(item, progress),
  })
  return {
    whisper: (report, signal) => ensureWhisper(context(report, signal)),
    ollama: (report, signal) => ensureOllama(context(report, signal)),
    speechLevel: (name, report, signal) => ensureSpeechModel(name, context(report, signal)),
    speechLevels: () => listSpeechModels(cacheDir),
    languageModel: (tag, url, report, signal) => ensureLanguageModel(tag, url, context(report, signal)),
    makeLanguageModel: (tag, url, report, signal) => makeLanguageModel(tag, url, context(report, signal)),
    languageTags: knownLanguageTags,
    languageTagMadeFrom,
    defaultLanguageTag: (installed, url, signal) =>
      chooseDefaultLanguageModel(
        installed,
        url,
        context(() => {}, signal),
      ),
  }
}
