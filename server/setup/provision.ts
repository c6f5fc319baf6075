import type { Provision, Report } from '../assembly/provision.ts'
import { inChild } from './child/run.ts'
import {
  checkChoice,
  checkLicence,
  chooseDefaultLanguageModel,
  findEndOfTurn,
  findOllama,
  findSpeechModel,
  findWhisper,
  knownLanguageTags,
  languageTagMadeFrom,
  listSpeechModels,
  listWakeWords,
  makeLanguageModel,
  removeLanguageModel,
  removeSpeechModel,
  type SetupContext,
  slowVoices,
  speedsHere,
  voiceInTime,
  voicePackage,
  wakeFiles,
} from './index.ts'

/** What the server gets its engines and models from: setup, on one cache directory, and the operator's folder of wake words. What is not here is got in a process of its own. */
export function provisionFrom(cacheDir: string, wakeDir: string | null = null): Provision {
  const context = (report: Report, signal: AbortSignal): SetupContext => ({
    cacheDir,
    signal,
    onProgress: ({ item, ...progress }) => report(item, progress),
  })
  return {
    async whisper(report, signal) {
      const setup = context(report, signal)
      return (await findWhisper(setup)) ?? (await inChild('whisper', {}, setup))
    },
    async ollama(report, signal) {
      const setup = context(report, signal)
      return (await findOllama(setup)) ?? (await inChild('ollama', {}, setup))
    },
    async speechLevel(name, report, signal) {
      const setup = context(report, signal)
      return (await findSpeechModel(name, setup)) ?? (await inChild('speech', { name }, setup))
    },
    async endOfTurn(report, signal) {
      const setup = context(report, signal)
      return (await findEndOfTurn(setup)) ?? (await inChild('endOfTurn', {}, setup))
    },
    async voice(name, report, signal) {
      const setup = context(report, signal)
      return (await voiceInTime(voicePackage(name), setup)) ?? (await inChild('voice', { name }, setup))
    },
    slowVoices: () => slowVoices(cacheDir),
    wakeFiles(phrase, report, signal) {
      const setup = context(report, signal)
      return wakeFiles(phrase, wakeDir, setup, () => inChild('wakeWord', { name: null }, setup))
    },
    async wakeWord(name, report, signal) {
      await inChild('wakeWord', { name }, context(report, signal))
    },
    wakeWords: () => listWakeWords(cacheDir, wakeDir),
    checkWakeLicence: checkLicence,
    speechLevels: () => listSpeechModels(cacheDir),
    async languageModel(tag, ollamaUrl, report, signal) {
      await inChild('language', { tag, ollamaUrl }, context(report, signal))
    },
    removeSpeechLevel: name => removeSpeechModel(name, cacheDir),
    removeLanguageModel,
    makeLanguageModel: (tag, url, report, signal) => makeLanguageModel(tag, url, context(report, signal)),
    languageTags: knownLanguageTags,
    speedsHere: () => speedsHere(cacheDir),
    languageTagMadeFrom,
    defaultLanguageTag(installed, url, report, signal) {
      const setup = context(report, signal)
      const ensure = async (tag: string) => {
        if (url !== null) await inChild('language', { tag, ollamaUrl: url }, setup)
      }
      return chooseDefaultLanguageModel(installed, url, setup, { ensure })
    },
    checkLanguageTag: (tag, ask, signal) => checkChoice(tag, ask, { cacheDir, signal }),
  }
}
