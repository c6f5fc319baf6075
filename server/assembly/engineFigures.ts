import type { Config } from '../config.ts'
import { residentBytes } from '../engines/memory.ts'
import type { SpeechEngineName } from '../engines/whisper/speechEngines.ts'
import type { EngineFigures } from '../telemetry/engineMetrics.ts'
import { speakerNames, speakerOf } from '../voice/voices.ts'
import type { Assembly } from './assemble.ts'
import { measuredBytesOf } from './memory.ts'

/** The longest that a scrape waits for Ollama's figures; those that do not come are missing in it. */
const PATIENCE_MS = 500

/** What `/metrics` says of the engines. Waits for none that does not answer. */
export async function engineFiguresOf(config: Config, assembly: Assembly): Promise<EngineFigures[]> {
  const { ollama, speechEngines, restarts } = assembly
  const isSpeechOurs = config.SPEECH_URL.length === 0
  const [language, speech, voices] = await Promise.all([
    ollama.ready().ready ? languageModelsInMemory(assembly).catch(() => []) : [],
    // What those elsewhere hold they do not tell.
    isSpeechOurs ? speechEngines.loaded() : [],
    speakersOf(assembly),
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
  return [...figures, ...voices]
}

/** Where the default voice is of another, one is missed only once a turn has asked for it. */
function speakersOf({ speakers, restarts, stages }: Assembly): Promise<EngineFigures[]> {
  const engines = speakerNames
    .map(engine => ({ engine, ...speakers[engine].status() }))
    .filter(({ engine, state }) => state !== 'stopped' || engine === speakerOf(stages.settings.voice))
  return Promise.all(
    engines.map(async ({ engine, state, pid }) => ({
      ...{ engine, up: state === 'ready', restarts: restarts[engine] },
      models: [{ model: engine, residentBytes: pid === null ? null : await residentBytes(pid) }],
    })),
  )
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
