import { cpus, totalmem } from 'node:os'
import type { monitorEventLoopDelay } from 'node:perf_hooks'
import packageJson from '../../package.json' with { type: 'json' }
import { MAX_JSON_BYTES } from '../app.ts'
import type { Config } from '../config.ts'
import { MAX_CLIP_SECONDS } from '../doors/rest/turns/oneShotTurns.ts'
import { machineMemory } from '../engines/memory.ts'
import { usableCores } from '../engines/usableCores.ts'
import type { LoadedSpeechModel } from '../engines/whisper/speechEngines.ts'
import { QuantvoxError } from '../errors.ts'
import { unknownLanguageModel } from '../llm/models.ts'
import { isSameTag } from '../llm/tagNames.ts'
import type { RecordInfo, ServerInfo, SharedRepliesInfo } from '../protocol/info.ts'
import type { LanguageModel, SpeechModel } from '../protocol/models.ts'
import type { StoreStatus } from '../record/turnStore.ts'
import type { LoadedModels } from '../session/switching.ts'
import { fitOf } from '../shared/modelFit.ts'
import { speakerOf } from '../voice/voices.ts'
import type { Assembly } from './assemble.ts'
import type { Provision } from './provision.ts'
import { speechLevelsOf } from './speechChoice.ts'

/** Node's histogram holds the time from one sample to the next, this much of which is meant. */
export const LOOP_DELAY_RESOLUTION_MS = 10

/** What `/v1/info` says. */
export async function infoOf(
  config: Config,
  assembly: Assembly,
  loopDelay: ReturnType<typeof monitorEventLoopDelay>,
  sharedReplies: SharedRepliesInfo | null,
): Promise<ServerInfo> {
  const { ollama, speechEngines, speakers, stages } = assembly
  const loaded = await speechEngines.loaded()
  // Asked only where it answers at once: a first start may be building Ollama for minutes.
  const ollamaReady = ollama.ready().ready
  return {
    version: packageJson.version,
    nodeVersion: process.version,
    publicUrl: config.PUBLIC_URL,
    engines: [
      {
        name: 'ollama',
        version: ollamaReady ? await ollama.version() : null,
        where: ollamaReady ? await ollama.url() : config.OLLAMA_HOST,
        owned: ollama.owned(),
        state: ollama.status().state,
        cpuFeatures: ollama.cpuFeatures(),
      },
      ...loaded.map(model => ({
        name: model.engine,
        version: versionOf(model, assembly),
        where: whereIs(model),
        owned: config.SPEECH_URL.length === 0,
        state: model.state,
        cpuFeatures: model.cpuFeatures,
      })),
      ...Object.values(speakers)
        .map(speaker => speaker.status())
        .filter(
          ({ name, state }) =>
            name === 'flite' || state !== 'stopped' || name === speakerOf(stages.settings.voice),
        )
        .map(({ name, state }) => ({
          ...{ name, version: null, where: 'child process', owned: true, state, cpuFeatures: null },
        })),
    ],
    record: recordInfoOf(stages.store.status),
    sharedReplies,
    limits: {
      maxSessions: config.MAX_SESSIONS,
      maxUtteranceSeconds: config.MAX_UTTERANCE_SECONDS,
      maxUploadBytes: config.MAX_UPLOAD_MB * 2 ** 20,
      maxClipSeconds: MAX_CLIP_SECONDS,
      maxJsonBytes: MAX_JSON_BYTES,
    },
    defaults: {
      llmModel: assembly.knownLanguageTag(),
      speechModel: stages.settings.speechModel,
      voice: stages.settings.voice,
      numCtx: config.NUM_CTX,
    },
    hardware: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      usableCores: usableCores(),
      memoryBytes: totalmem(),
      platform: `${process.platform} ${process.arch}`,
    },
    process: {
      pid: process.pid,
      residentBytes: process.memoryUsage.rss(),
      eventLoopDelayP99Ms:
        loopDelay.count === 0 ? null : Math.max(0, loopDelay.percentile(99) / 1e6 - LOOP_DELAY_RESOLUTION_MS),
    },
  }
}

/** Null of one elsewhere, which does not tell. */
function versionOf({ engine, url }: LoadedSpeechModel, { whisperVersion }: Assembly): string | null {
  if (url !== null) return null
  return engine === 'moonshine' ? packageJson.version : whisperVersion()
}

/** By its level, its address where that is not all that is known of it, and its process where that is ours. */
function whereIs({ name, url, pid }: LoadedSpeechModel): string {
  const address = url === null || url === name ? '' : `, ${url}`
  return `${name}${address}${pid === null ? '' : `, process ${pid}`}`
}

function recordInfoOf({ recording, problem, unwritten, spool }: StoreStatus): RecordInfo {
  const taken = spool?.problem ? 'spooling' : 'recording'
  const detail = (problem ?? spool?.problem)?.line ?? null
  return { state: recording ? taken : 'not-recording', detail, unwritten, spooled: spool?.rows ?? null }
}

/** Installed tags, then those of the catalog that are not, each with what is to be expected of it here. */
export async function languageModelsOf(
  { languageModels }: Assembly,
  provision: Provision,
  signal: AbortSignal,
): Promise<LanguageModel[]> {
  const [installed, speeds] = await Promise.all([languageModels.list(signal), provision.speedsHere()])
  const known = new Map(provision.languageTags().map(tag => [tag.name, tag]))
  const names = new Set(installed.map(model => model.name))
  const available = [...known.values()]
    .filter(({ name }) => !names.has(name))
    .map(({ name, parameterSize, sizeBytes }) => ({
      ...{ name, parameterSize, sizeBytes },
      family: null,
      quantization: null,
      digest: null,
      installed: false,
      loaded: false,
      contextTokens: null,
      residentBytes: null,
      gpuShare: null,
      remote: null,
    }))
  const memoryBytes = machineMemory()
  return [...installed, ...available].map(model => {
    const licence = known.get(model.name)?.licence
    const { sizeBytes, remote } = model
    return {
      ...model,
      ...(licence !== undefined && { licence }),
      ...(sizeBytes && remote === null && { fit: fitOf(model.name, sizeBytes, memoryBytes, speeds) }),
    }
  })
}

/** What the engines hold in memory now; what cannot be asked is left out. */
export async function loadedModelsOf(
  { speechEngines, languageModels }: Assembly,
  signal: AbortSignal,
): Promise<LoadedModels> {
  const [speech, language] = await Promise.all([speechEngines.loaded(), languageModels.list(signal)])
  const named = ({ name, residentBytes }: { name: string; residentBytes: number | null }) => ({
    name,
    residentBytes,
  })
  return { speech: speech.map(named), language: language.filter(model => model.loaded).map(named) }
}

/** Every level of the catalog, installed or not, loaded or not. */
export async function speechModelsOf(
  config: Config,
  { speechEngines }: Assembly,
  provision: Provision,
): Promise<SpeechModel[]> {
  const [levels, loaded] = await Promise.all([speechLevelsOf(config, provision), speechEngines.loaded()])
  return levels.map(level => {
    // Several hosts may have it, and some of them be away.
    const there = loaded.filter(model => model.name === level.name)
    const live = there.find(({ state }) => state === 'ready')
    return {
      ...level,
      loaded: live !== undefined,
      residentBytes: (live ?? there[0])?.residentBytes ?? null,
    }
  })
}

/** Deletes a tag. Throws `model_not_found` for one that is not here, `invalid_state` for one that is counted on. */
export async function removeLanguageModelOf(
  { languageModels, knownLanguageTag, ollama }: Assembly,
  provision: Provision,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const models = await languageModels.list(signal)
  const found = models.find(model => isSameTag(model.name, name))
  const unknown = () =>
    unknownLanguageModel(
      name,
      models.map(model => model.name),
    )
  if (found === undefined) throw unknown()
  if (isSameTag(found.name, knownLanguageTag() ?? ''))
    throw countedOn(found.name, 'answers where nothing else is chosen', 'LLM_MODEL')
  if (found.loaded) throw isLoaded(found.name, 'KEEP_ALIVE after its last answer')
  if (!(await provision.removeLanguageModel(found.name, await ollama.url(), signal))) throw unknown()
}

/** Deletes a speech level. Throws as for a tag. */
export async function removeSpeechModelOf(
  { speechEngines, stages }: Assembly,
  provision: Provision,
  name: string,
): Promise<void> {
  if (name === stages.settings.speechModel)
    throw countedOn(name, 'hears where nothing else is chosen', 'SPEECH_MODEL')
  const loaded = await speechEngines.loaded()
  if (loaded.some(model => model.name === name)) throw isLoaded(name, 'once three others were asked')
  if (!(await provision.removeSpeechLevel(name)))
    throw new QuantvoxError('model_not_found', `The speech model ${JSON.stringify(name)} is not installed.`, {
      mend: '`npx quantvox models list` shows what is.',
    })
}

function countedOn(name: string, what: string, setting: string): QuantvoxError {
  return new QuantvoxError('invalid_state', `${name} cannot be removed: it is what ${what}.`, {
    mend: `Set ${setting} to another one, start the server again, and remove it then.`,
  })
}

function isLoaded(name: string, leaves: string): QuantvoxError {
  return new QuantvoxError('invalid_state', `${name} cannot be removed: it is loaded.`, {
    meaning: 'It is in use, or was a while ago.',
    mend: `Choose another one; it leaves memory ${leaves}. Or stop the server and run "npx quantvox models remove ${name}".`,
  })
}
