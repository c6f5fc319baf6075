import type { Command } from 'commander'
import { type Config, loadConfig } from '../../server/config.ts'
import { QuantvoxError, toQuantvoxError } from '../../server/errors.ts'
import {
  chooseDefaultLanguageModel,
  ensureEndOfTurn,
  ensureLanguageModel,
  ensureOllama,
  ensureSpeechModel,
  ensureVoiceInTime,
  ensureWhisper,
  findWhisper,
  installedLanguageTags,
  type SetupContext,
  tuneWhisper,
  voicePackage,
} from '../../server/setup/index.ts'
import { FALLBACK_SPEECH_MODEL, PREFERRED_SPEECH_MODEL } from '../../server/shared/defaults/speechDefaults.ts'
import { FALLBACK_VOICE, PREFERRED_VOICE } from '../../server/shared/defaults/voiceDefaults.ts'
import { speakerOf } from '../../server/voice/voices.ts'
import { withOllama } from './models/ollamaForCommand.ts'
import { createProgressView } from './progressView.ts'
import { settingFlags, settingsOf } from './settingFlags.ts'

/** `quantvox setup`: gets what the first start needs, without starting, side by side, and prints where it is. */
export function addSetup(program: Command, signal: AbortSignal): void {
  const command = program.command('setup').description('get the engines and the default models')
  settingFlags(command, ['CACHE_DIR', 'SPEECH_MODEL', 'LLM_MODEL', 'OLLAMA_HOST', 'ENDPOINTING', 'VOICE'])
  command.option('--json', 'print what is where as JSON').action(async (options: Record<string, unknown>) => {
    const { config } = loadConfig(settingsOf(options))
    const view = createProgressView()
    const result = await setUp(config, view.onProgress, signal).finally(view.done)
    process.stdout.write(options.json === true ? `${JSON.stringify(result, null, 2)}\n` : resultText(result))
  })
}

function resultText(result: Awaited<ReturnType<typeof setUp>>): string {
  const { whisper, ollama, speechModel, preferredSpeechModel, endOfTurn, voice, languageModel } = result
  const rows: (readonly [string, string])[] = [
    ['Ollama', 'url' in ollama ? `running at ${ollama.url}` : `${ollama.version}  ${ollama.path}`],
    ['whisper.cpp', whisper === null ? 'at SPEECH_URL' : `${whisper.version}  ${whisper.serverPath}`],
    ['speech model', speechModel === null ? 'at SPEECH_URL' : `${speechModel.name}  ${speechModel.path}`],
    ...(preferredSpeechModel === null ? [] : [['Moonshine', preferredSpeechModel] as const]),
    ...(endOfTurn === null ? [] : [['end of turn', endOfTurn] as const]),
    ...(voice === null ? [] : [['voice', voice] as const]),
    ['language model', languageModel],
  ]
  const lines = rows.map(([name, value]) => `${name.padEnd(15)} ${value}\n`)
  return `${lines.join('')}Everything is there (${result.seconds} s).\n`
}

async function setUp(config: Config, onProgress: SetupContext['onProgress'], signal: AbortSignal) {
  const started = performance.now()
  // The first failure stops the others: a compiler that runs on for minutes would hide it.
  const failed = new AbortController()
  const cacheDir = config.CACHE_DIR
  const context = { cacheDir, onProgress, signal: AbortSignal.any([signal, failed.signal]) }
  const orStop = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      failed.abort(error)
      throw error
    }
  }
  const isSpeechElsewhere = config.SPEECH_URL.length > 0
  const parts = [
    orStop(isSpeechElsewhere ? Promise.resolve(null) : ensureWhisper(context)),
    orStop(isSpeechElsewhere ? Promise.resolve(null) : getSpeechModel(config, context)),
    orStop(getEndOfTurn(config, context)),
    orStop(getVoice(config, context)),
    orStop(getLanguageModel(config, context)),
  ] as const
  await Promise.allSettled(parts)
  failed.signal.throwIfAborted()
  const [, speech, endOfTurn, voice, { ollama, languageModel }] = await Promise.all(parts)
  // When nothing is being built any more.
  if (!isSpeechElsewhere) await tuneWhisper(context)
  const whisper = isSpeechElsewhere ? null : await findWhisper(context)
  const seconds = Math.round((performance.now() - started) / 100) / 10
  return {
    ...{ cacheDir, whisper, ollama, endOfTurn, voice, languageModel, seconds },
    speechModel: speech?.model ?? null,
    preferredSpeechModel: speech?.preferred ?? null,
  }
}

/** Where what speaks is, or why it cannot be had where none was set; null where nothing has to be got for it. */
async function getVoice({ VOICE }: Config, context: SetupContext): Promise<string | null> {
  const wanted = speakerOf(VOICE ?? PREFERRED_VOICE)
  // flite is in a package that is always here.
  if (wanted === null || wanted === 'flite') return null
  try {
    return (await ensureVoiceInTime(voicePackage(wanted), context)).at(-1) ?? null
  } catch (error) {
    context.signal.throwIfAborted()
    if (VOICE !== null) throw error
    return `${FALLBACK_VOICE}: ${toQuantvoxError(error).line}`
  }
}

/** The model that hears and, where that is not the preferred one and none was set, why. */
async function getSpeechModel({ SPEECH_MODEL }: Config, context: SetupContext) {
  if (SPEECH_MODEL !== null) return { model: await ensureSpeechModel(SPEECH_MODEL, context), preferred: null }
  const [preferred, fallback] = await Promise.allSettled(
    [PREFERRED_SPEECH_MODEL, FALLBACK_SPEECH_MODEL].map(name => ensureSpeechModel(name, context)),
  )
  context.signal.throwIfAborted()
  if (preferred?.status === 'fulfilled') return { model: preferred.value, preferred: null }
  if (fallback?.status !== 'fulfilled') throw fallback?.reason
  return { model: fallback.value, preferred: toQuantvoxError(preferred?.reason).line }
}

/** Where it is, or why it is not: turns end without it, too. Null where it is not wanted. */
async function getEndOfTurn(config: Config, context: SetupContext): Promise<string | null> {
  if (config.ENDPOINTING !== 'learned') return null
  try {
    return await ensureEndOfTurn(context)
  } catch (error) {
    if (!(error instanceof QuantvoxError) || context.signal.aborted) throw error
    return error.line
  }
}

async function getLanguageModel(config: Config, context: SetupContext) {
  const place = { host: config.OLLAMA_HOST, setByHand: config.ollamaHostSetByHand }
  return withOllama(place, context, true, async (url, isOurs) => {
    if (url === null) throw new Error('unreachable: an Ollama may be installed here')
    const installed = await installedLanguageTags(url, context.signal)
    const languageModel = config.LLM_MODEL ?? (await chooseDefaultLanguageModel(installed, url, context))
    await ensureLanguageModel(languageModel, url, context)
    return { ollama: isOurs ? await ensureOllama(context) : { url }, languageModel }
  })
}
