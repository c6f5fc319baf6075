import {
  chooseDefaultLanguageModel,
  ensureLanguageModel,
  ensureOllama,
  ensureSpeechModel,
  ensureWhisper,
  installedLanguageTags,
  type OllamaProgram,
  type SetupContext,
  type SpeechModelFile,
  type WhisperPrograms,
} from '../../server/setup/index.ts'
import { type OllamaPlace, withOllama } from './models/ollamaForCommand.ts'
import { createProgressView } from './progressView.ts'

type SetupOptions = {
  cacheDir: string
  speechModel: string
  /** Null: whatever suits this machine. */
  languageModel: string | null
  ollama: OllamaPlace
  /** False where `SPEECH_URL` names whisper-servers elsewhere. */
  wantsWhisper: boolean
  json: boolean
  out: Pick<NodeJS.WritableStream, 'write'>
  signal: AbortSignal
}

type SetupResult = {
  cacheDir: string
  whisper: WhisperPrograms | null
  ollama: OllamaProgram | { url: string }
  speechModel: SpeechModelFile | null
  languageModel: string
  seconds: number
}

/** Gets everything that a first start needs, side by side, and prints where it is. */
export async function setupCommand(options: SetupOptions): Promise<void> {
  const view = createProgressView()
  const started = performance.now()
  let result: SetupResult
  try {
    result = await setUp(options, view.onProgress, started)
  } finally {
    view.done()
  }
  if (options.json) {
    options.out.write(`${JSON.stringify(result, null, 2)}\n`)
    return
  }
  const { whisper, ollama, speechModel, languageModel } = result
  const rows = [
    ['Ollama', 'url' in ollama ? `running at ${ollama.url}` : `${ollama.version}  ${ollama.path}`],
    ['whisper.cpp', whisper === null ? 'at SPEECH_URL' : `${whisper.version}  ${whisper.serverPath}`],
    ['speech model', speechModel === null ? 'at SPEECH_URL' : `${speechModel.name}  ${speechModel.path}`],
    ['language model', languageModel],
  ] as const
  for (const [name, value] of rows) options.out.write(`${name.padEnd(15)} ${value}\n`)
  options.out.write(`Everything is there (${result.seconds} s).\n`)
}

async function setUp(
  options: SetupOptions,
  onProgress: SetupContext['onProgress'],
  started: number,
): Promise<SetupResult> {
  // The first failure stops the others: a compiler that runs on for minutes would hide it.
  const failed = new AbortController()
  const context = {
    cacheDir: options.cacheDir,
    onProgress,
    signal: AbortSignal.any([options.signal, failed.signal]),
  }
  const orStop = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      failed.abort(error)
      throw error
    }
  }
  const parts = [
    orStop(options.wantsWhisper ? ensureWhisper(context) : Promise.resolve(null)),
    orStop(options.wantsWhisper ? ensureSpeechModel(options.speechModel, context) : Promise.resolve(null)),
    orStop(getLanguageModel(options, context)),
  ] as const
  await Promise.allSettled(parts)
  failed.signal.throwIfAborted()
  const [whisper, speechModel, { ollama, languageModel }] = await Promise.all(parts)
  const seconds = Math.round((performance.now() - started) / 100) / 10
  return { cacheDir: options.cacheDir, whisper, ollama, speechModel, languageModel, seconds }
}

async function getLanguageModel(options: SetupOptions, context: SetupContext) {
  return withOllama(options.ollama, context, true, async (url, isOurs) => {
    if (url === null) throw new Error('unreachable: an Ollama may be installed here')
    const installed = await installedLanguageTags(url, context.signal)
    const languageModel = options.languageModel ?? (await chooseDefaultLanguageModel(installed, url, context))
    await ensureLanguageModel(languageModel, url, context)
    return { ollama: isOurs ? await ensureOllama(context) : { url }, languageModel }
  })
}
