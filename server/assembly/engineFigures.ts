import type { Config } from '../config.ts'
import { residentBytes } from '../engines/memory.ts'
import type { SpeechEngineName } from '../engines/whisper/speechEngines.ts'
import type { EngineFigures } from '../telemetry/engineMetrics.ts'
import { fliteVoices } from '../voice/flite/flite.ts'
import type { Assembly } from './assemble.ts'
import { measuredBytesOf } from './memory.ts'

/** The longest that a scrape waits for Ollama's figures; those that do not come are missing in it. */
const PATIENCE_MS = 500

/** What `/metrics` says of the engines. Waits for none that does not answer. */
export async function engineFiguresOf(config: Config, assembly: Assembly): Promise<EngineFigures[]> {
  const { ollama, speechEngines, flite, restarts } = assembly
  const isSpeechOurs = config.SPEECH_URL.length === 0
  const { state, pid } = flite.status()
  const [language, speech, fliteBytes] = await Promise.all([
    ollama.ready().ready ? languageModelsInMemory(assembly).catch(() => []) : [],
    // What those elsewhere hold they do not tell.
    isSpeechOurs ? speechEngines.loaded() : [],
    pid === null ? null : residentBytes(pid),
  ])
  const modelsIn = (name: SpeechEngineName) =>
    speech.flatMap(({ engine, ...level }) =>
      engine === name ? [{ model: level.name, residentBytes: level.residentBytes }] : [],
    )
  const figures: EngineFigures[] = [
    {
      engine: 'ollama',
      up: ollama.ready().ready,
      restarts: ollama.owned() ? restarts.ollama : null,
      models: language,
    },
    {
      engine: 'whisper-server',
      up: speechEngines.ready().ready,
      restarts: isSpeechOurs ? restarts['whisper-server'] : null,
      models: modelsIn('whisper-server'),
    },
  ]
  const moonshine = modelsIn('moonshine')
  if (moonshine.length > 0) {
    const up = speech.some(({ engine, state }) => engine === 'moonshine' && state === 'ready')
    figures.push({ engine: 'moonshine', up, restarts: restarts.moonshine, models: moonshine })
  }
  // Where the default voice is another, it is missed only once a turn has asked for it.
  if (state === 'stopped' && !fliteVoices.has(config.VOICE)) return figures
  const models = [{ model: 'flite', residentBytes: fliteBytes }]
  return [...figures, { engine: 'flite', up: state === 'ready', restarts: restarts.flite, models }]
}

async function languageModelsInMemory(assembly: Assembly): Promise<EngineFigures['models']> {
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const loaded = (await assembly.languageModels.list(signal)).filter(model => model.loaded)
  return Promise.all(
    loaded.map(async model => ({
      model: model.name,
      residentBytes: (await measuredBytesOf(model, assembly, signal)) ?? model.residentBytes,
    })),
  )
}
