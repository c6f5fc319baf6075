import { machineMemory } from '../../../server/engines/memory.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import {
  catalog,
  ensureLanguageModel,
  ensureSpeechModel,
  ensureVoiceInTime,
  findVoice,
  installedLanguageModels,
  knownLanguageTags,
  listSpeechModels,
  quantizeLanguageModel,
  removeLanguageModel,
  removeSpeechModel,
  removeVoice,
  removeWakeWord,
  type SetupContext,
  speedsHere,
  type VoicePackage,
  voiceSpeed,
} from '../../../server/setup/index.ts'
import { fitOf } from '../../../server/shared/modelFit.ts'
import { quantizationIn } from '../../../server/shared/quantization.ts'
import { createProgressView } from '../progressView.ts'
import { isQuantvox } from '../server.ts'
import { serverRequest } from '../serverRequest.ts'
import { aboutFit, type ModelRow, modelTable } from './modelTable.ts'
import { type OllamaPlace, withOllama } from './ollamaForCommand.ts'
import { pullWakeWord, wakeRows, wakeWordIn } from './wakeWords.ts'

export type ModelsOptions = {
  cacheDir: string
  /** Of wake words of the operator; null: there is none. */
  wakeDir: string | null
  ollama: OllamaPlace
  /** The one that is told by PUBLIC_URL. */
  server: { url: string; token: string | null }
  json: boolean
  out: Pick<NodeJS.WritableStream, 'write'>
  signal: AbortSignal
}

/** `models list`: every speech level and voice of the catalog, the wake words, every installed and known Ollama tag. Fetches nothing. */
export async function listModels(options: ModelsOptions): Promise<void> {
  const context = contextOf(options, () => {})
  const speech = await listSpeechModels(options.cacheDir)
  const installed = await withOllama(options.ollama, context, false, url =>
    url === null ? Promise.resolve([]) : installedLanguageModels(url, options.signal),
  )
  const known = knownLanguageTags()
  const available = known.filter(({ name }) => !installed.some(model => model.name === name))
  const [speeds, memoryBytes] = [await speedsHere(options.cacheDir), machineMemory()]
  const models = [
    ...installed.map(model => ({ ...model, installed: true })),
    ...available.map(model => ({ ...model, quantization: quantizationIn(model.name), installed: false })),
  ]
  const language: ModelRow[] = models.map(model => ({
    ...model,
    licence: known.find(({ name }) => name === model.name)?.licence,
    fit: model.sizeBytes ? fitOf(model.name, model.sizeBytes, memoryBytes, speeds) : undefined,
  }))
  const voices = await Promise.all(catalog.voices.map(entry => voiceRow(entry, options.cacheDir)))
  const wakeWords = await wakeRows(options.cacheDir, options.wakeDir)
  if (options.json) options.out.write(`${JSON.stringify({ speech, voices, wakeWords, language }, null, 2)}\n`)
  else
    options.out.write(
      `Speech models\n${modelTable(speech)}\nVoices\n${modelTable(voices)}\nWake words\n${modelTable(wakeWords)}\nLanguage models\n${modelTable(language)}\n${aboutFit(speeds, memoryBytes)}`,
    )
}

async function voiceRow(entry: VoicePackage, cacheDir: string): Promise<ModelRow> {
  const { name, parameterSize, quantization, licence, files } = entry
  const installed = (await findVoice(entry, { cacheDir, signal: null })) !== null
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0)
  const realTimeFactor = await voiceSpeed(entry, cacheDir)
  return { name, quantization, parameterSize, sizeBytes, installed, licence, realTimeFactor }
}

const voiceNamed = (name: string) => catalog.voices.find(entry => entry.name === name)

/** `models pull NAME`: a speech model level, what an engine speaks with, a wake word whose licence is accepted, or an Ollama tag. */
export async function pullModel(
  name: string,
  options: ModelsOptions,
  isLicenceAccepted = false,
): Promise<void> {
  const wakeWord = wakeWordIn(name)
  await withProgress(options, async context => {
    const voice = voiceNamed(name)
    if (wakeWord !== null) await pullWakeWord(wakeWord, isLicenceAccepted, context)
    else if (isSpeech(name)) await ensureSpeechModel(name, context)
    else if (voice !== undefined) await ensureVoiceInTime(voice, context, true)
    else
      await withOllama(options.ollama, context, true, url => ensureLanguageModel(name, urlOf(url), context))
  })
  say(options, name, 'is there')
}

/**
 * `models quantize NAME`: makes a speech level from its f16, or of what is published of it, all levels where NAME is a family, or an Ollama tag
 * `…-q8_0`, `…-q4_K_M` or `…-q4_K_S` from its `…-fp16`.
 */
export async function quantizeModel(name: string, options: ModelsOptions): Promise<void> {
  const family = catalog.speech.find(candidate => candidate.name === name)
  const names = family === undefined ? [name] : family.levels.map(level => `${name}-${level.quantization}`)
  await withProgress(options, async context => {
    for (const level of names) {
      if (isSpeech(level)) await ensureSpeechModel(level, context)
      else
        await withOllama(options.ollama, context, true, url =>
          quantizeLanguageModel(level, urlOf(url), context),
        )
    }
  })
  for (const level of names) say(options, level, 'is there')
}

/**
 * `models remove NAME`, by the server where one runs: it knows what is in use. Throws `model_not_found` for a model that is not
 * installed, and from the server `invalid_state` for one in use.
 */
export async function removeModel(name: string, options: ModelsOptions): Promise<void> {
  const context = contextOf(options, () => {})
  const voice = voiceNamed(name)
  const wakeWord = wakeWordIn(name)
  if (voice === undefined && wakeWord === null && (await isQuantvox(options.server.url, options.signal))) {
    const request = serverRequest(options.server.url, options.server.token, options.signal)
    const path = `/v1/models/${isSpeech(name) ? 'speech' : 'language'}?name=${encodeURIComponent(name)}`
    await request(path, { method: 'DELETE' })
    return say(options, name, 'is removed')
  }
  const removed = isSpeech(name)
    ? await removeSpeechModel(name, options.cacheDir)
    : wakeWord !== null
      ? await removeWakeWord(wakeWord, options.cacheDir)
      : voice !== undefined
        ? await removeVoice(voice, options.cacheDir)
        : await withOllama(options.ollama, context, false, url =>
            url === null ? Promise.resolve(false) : removeLanguageModel(name, url, options.signal),
          )
  if (!removed) {
    throw new QuantvoxError('model_not_found', `The model ${JSON.stringify(name)} is not installed.`, {
      mend: '`npx quantvox models list` shows what is.',
    })
  }
  say(options, name, 'is removed')
}

/** A name that starts like the families of the catalog means a speech model, also where it is misspelt. */
function isSpeech(name: string): boolean {
  return catalog.speech.some(({ engine }) => name.startsWith(engine))
}

async function withProgress(
  options: ModelsOptions,
  work: (context: SetupContext) => Promise<void>,
): Promise<void> {
  const view = createProgressView()
  try {
    await work(contextOf(options, view.onProgress))
  } finally {
    view.done()
  }
}

function contextOf(
  { cacheDir, signal }: ModelsOptions,
  onProgress: SetupContext['onProgress'],
): SetupContext {
  return { cacheDir, signal, onProgress }
}

function urlOf(url: string | null): string {
  if (url === null) throw new Error('unreachable: an Ollama may be installed here')
  return url
}

function say({ json, out }: ModelsOptions, name: string, what: string): void {
  out.write(json ? `${JSON.stringify({ name, status: what })}\n` : `${name} ${what}.\n`)
}
