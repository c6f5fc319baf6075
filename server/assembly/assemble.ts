import { join } from 'node:path'
import type { Config } from '../config.ts'
import { createConversations } from '../conversation/conversations.ts'
import { defaultSystemPrompt } from '../conversation/systemPrompt.ts'
import { createGate } from '../engines/gate.ts'
import { createOllama } from '../engines/ollama/ollama.ts'
import { usableCores, withheldTo } from '../engines/usableCores.ts'
import type { SpeechEngines } from '../engines/whisper/speechEngines.ts'
import { createSpeechHosts, levelsOf } from '../engines/whisper/speechHosts.ts'
import { createLocalSpeechEngines } from '../engines/whisper/whisperServers.ts'
import { QuantvoxError } from '../errors.ts'
import { createDetector } from '../hearing/endOfTurn/detector.ts'
import { createFindSpeech } from '../hearing/speechSegments.ts'
import { createVoiceActivity } from '../hearing/voiceActivity.ts'
import { createWakeWords } from '../hearing/wakeWord/wakeWords.ts'
import type { OwnVoices } from '../lab/index.ts'
import { createLanguageModelLeases } from '../llm/lease.ts'
import { createLanguageModels } from '../llm/models.ts'
import { type ChatSettings, respond } from '../llm/respond.ts'
import { createSentenceEnd } from '../llm/sentenceEnd.ts'
import { listedTag } from '../llm/tagNames.ts'
import type { Log } from '../log.ts'
import { createSpeechRecognizer } from '../recognition/speechRecognizer.ts'

import type { Stages } from '../session/stages.ts'
import { createTurnsUnderWay } from '../session/underWay.ts'
import { FALLBACK_SPEECH_MODEL } from '../shared/defaults/speechDefaults.ts'
import { FALLBACK_VOICE } from '../shared/defaults/voiceDefaults.ts'
import { rememberWhenDone } from '../shared/remember.ts'
import { orFound } from '../spokenLanguage.ts'
import { memoryOf } from './memory.ts'
import type { Provision, Report } from './provision.ts'
import { closeDataFolder } from './record/dataFolder.ts'
import { openRecord, replicaOf } from './record/openRecord.ts'
import { recordedTurns } from './record/recordedTurns.ts'
import { defaultOfHosts, defaultSpeechModel, levelElsewhere, speechLevelsOf } from './speechChoice.ts'
import { toolsOf } from './tools.ts'
import { defaultVoice } from './voiceChoice.ts'
import { createSpeakers, ownVoices, voiceModel, voicesOf } from './voices.ts'

/** Speech levels loaded at once; a comparison switches between more, and each costs 100 to 300 MB. */
const MAX_LOADED_SPEECH_LEVELS = 3

/** Threads of one decoding by Whisper at most. */
const MAX_SPEECH_THREADS = 8

export type Assembly = Awaited<ReturnType<typeof assemble>>

/** Engines and stages of a server, wired; nothing is started before it is needed. */
export async function assemble(
  config: Config,
  provision: Provision,
  report: Report,
  appVersion: string,
  log: Log,
) {
  const ending = new AbortController()
  const restarts = { ollama: 0, 'whisper-server': 0, moonshine: 0, flite: 0, hibari: 0, kokoro: 0, piper: 0 }
  const isForOthers = config.ROLE === 'engines'
  const ollama = createOllama({
    host: config.OLLAMA_HOST,
    hostSetByHand: config.ollamaHostSetByHand && !isForOthers,
    ...(isForOthers && ollamaForOthers(config)),
    program: () => provision.ollama(report, ending.signal),
    modelsDir: join(config.CACHE_DIR, 'ollama'),
    onRestart: () => restarts.ollama++,
    log,
  })
  const cores = usableCores()
  const speechThreads = Math.min(MAX_SPEECH_THREADS, cores)
  // Told once: to count the machine's cores reads files of the system, and each turn asks.
  const withheld = withheldTo(cores)
  let whisperVersion: string | null = null
  const whisper = rememberWhenDone(async () => {
    const programs = await provision.whisper(report, ending.signal)
    whisperVersion = programs.version
    return programs
  })
  const localSpeechEngines = (maxLoaded: number, port?: number) =>
    createLocalSpeechEngines({
      port,
      // Asked for each request: looking at the disk again would cost each turn a millisecond.
      programs: whisper,
      threads: speechThreads,
      maxLoaded,
      onRestart: engine => restarts[engine]++,
      log,
    })
  const isSpeechElsewhere = config.SPEECH_URL.length > 0
  const elsewhere = levelsOf(config.SPEECH_URL)
  const speechEngines = isSpeechElsewhere
    ? createSpeechHosts(config.SPEECH_URL)
    : isForOthers
      ? localSpeechEngines(1, config.SPEECH_PORT)
      : localSpeechEngines(MAX_LOADED_SPEECH_LEVELS)
  const separate = new Set<SpeechEngines>()
  const separateSpeechEngines = (): SpeechEngines => {
    const engines = localSpeechEngines(1)
    separate.add(engines)
    return {
      ...engines,
      async stop() {
        await engines.stop()
        separate.delete(engines)
      },
    }
  }
  const newSpeakers = () =>
    createSpeakers(
      engine => provision.voice(engine, report, ending.signal),
      engine => restarts[engine]++,
      log,
    )
  const speakers = newSpeakers()
  const separateVoices = new Set<OwnVoices>()
  const languageModels = createLanguageModels(ollama.url, config.ALLOW_REMOTE_MODELS, ollama.explain)
  const { tools, mcp } = await toolsOf(
    config.MCP_CONFIG,
    languageModels,
    // Elsewhere it cannot be asked what is there.
    async () =>
      (await speechLevelsOf(config, provision)).filter(
        level => level.installed && (!isSpeechElsewhere || elsewhere.length > 0),
      ),
    appVersion,
    log,
  )
  closeDataFolder(config.DATA_DIR)
  const { store, settled: recordSettled, passes, work } = await openRecord(config, log)
  const activity = await createVoiceActivity()
  const detector = createDetector(() => provision.endOfTurn(report, ending.signal), log)
  const wakeWords = createWakeWords(phrase => provision.wakeFiles(phrase, report, ending.signal), log)

  const chat: ChatSettings = {
    numCtx: config.NUM_CTX,
    // Of an Ollama that is not ours, what it may use is not ours to know, nor how long it keeps models ours to say unasked.
    get numThread() {
      return ollama.owned() ? withheld : null
    },
    get keepAlive() {
      return config.keepAliveSetByHand || ollama.owned() ? config.KEEP_ALIVE : null
    },
    temperature: config.TEMPERATURE,
    seed: config.SEED,
  }

  const underWay = createTurnsUnderWay()
  let languageTag = config.LLM_MODEL
  /** Until they are chosen, those that are here sooner. */
  let speechModel = config.SPEECH_MODEL ?? defaultOfHosts(elsewhere) ?? FALLBACK_SPEECH_MODEL
  let voice = config.VOICE ?? FALLBACK_VOICE
  const stages: Stages = {
    findSpeech: createFindSpeech(activity),
    recognizer: createSpeechRecognizer({
      acquire: speechEngines.acquire,
      vocabulary: config.VOCABULARY,
      async secondOpinion(signal) {
        const other = elsewhere.find(level => level.startsWith('whisper-'))
        if (other !== undefined) return levelElsewhere(other, config.SPEECH_URL)
        const levels = isSpeechElsewhere ? [] : await provision.speechLevels()
        const isHere = levels.some(({ name, installed }) => installed && name === FALLBACK_SPEECH_MODEL)
        return isHere ? await provision.speechLevel(FALLBACK_SPEECH_MODEL, report, signal) : null
      },
    }),
    llm: createLanguageModelLeases({
      gate: createGate(() => config.LLM_SLOTS),
      // Whoever comes has looked for the model just now, and with it for Ollama.
      host: async signal => ollama.known() ?? (await ollama.url(signal)),
      explain: ollama.explain,
      respond,
      sentenceEnd: createSentenceEnd(),
      chat,
    }),
    voice: voicesOf(speakers, config.SYNTHESIS_URL),
    voiceModel,
    speechLevel: (name, signal) =>
      isSpeechElsewhere
        ? levelElsewhere(name, config.SPEECH_URL)
        : provision.speechLevel(name, report, signal),
    languageModel: (name, signal) => languageModels.find(name, signal),
    callsTools: languageModels.callsTools,
    tools,
    memory: (speechModel, llm, routed = null) =>
      memoryOf(speechModel, llm, routed, { speechEngines, ollama, languageModels }),
    modelThere: languageModels.there,
    conversations: createConversations({
      maxConversations: 200,
      idleMs: 30 * 60_000,
      isShared: config.RECORD_URL !== null && config.SAVE_TEXT,
      recorded: recordedTurns(() => store, log),
    }),
    store,
    observers: new Set([underWay.begin]),
    underWay,
    settings: {
      appVersion,
      replicaId: replicaOf(config),
      llmModel: rememberWhenDone(async () => {
        languageTag = config.LLM_MODEL === null ? await chooseTag() : listedTag(config.LLM_MODEL)
        return languageTag
      }),
      get speechModel() {
        return speechModel
      },
      language: orFound(config.SPEECH_LANGUAGE),
      get voice() {
        return voice
      },
      systemPrompt: config.SYSTEM_PROMPT ?? defaultSystemPrompt,
      contextTokens: config.NUM_CTX,
    },
  }

  async function chooseTag(): Promise<string> {
    const installed = (await languageModels.list(ending.signal))
      .filter(({ remote }) => remote === null)
      .toSorted((a, b) => (a.sizeBytes ?? 0) - (b.sizeBytes ?? 0))
    const names = installed.map(model => model.name)
    const url = await ollama.url()
    return await provision.defaultLanguageTag(names, ollama.owned() ? url : null, report, ending.signal)
  }

  return {
    stages,
    /** Resolves when no ended turn waits to be recorded elsewhere, or none can be. */
    recordSettled,
    /** What servers that share a record know together of who may open a socket; null where there is one server. */
    passes,
    /** What they tell each other of work of minutes; null where there is one server. */
    work,
    /** The default of `stages.settings`, without waiting for its choice, which may take a download; null before it. */
    knownLanguageTag: (): string | null => languageTag,
    /** Chooses the speech model that hears where none is asked for; for `stages.settings`, too. */
    async chooseSpeechModel(): Promise<string> {
      if (config.SPEECH_MODEL === null && !isSpeechElsewhere)
        speechModel = await defaultSpeechModel(provision, report, ending.signal, log)
      return speechModel
    },
    /** Chooses the voice that speaks where none is asked for; for `stages.settings`, too. */
    async chooseVoice(signal: AbortSignal): Promise<string> {
      if (config.VOICE === null)
        voice = await defaultVoice(speakers.hibari.warm, AbortSignal.any([signal, ending.signal]), log)
      return voice
    },
    mcp,
    activity,
    detector,
    wakeWords,
    ollama,
    speechEngines,
    /**
     * Speech engines that no turn uses, for a comparison: one level at a time. Null where the engines run elsewhere.
     */
    separateSpeechEngines: isSpeechElsewhere ? null : separateSpeechEngines,
    /** What speaks here. */
    speakers,
    /** What speaks for a comparison. */
    separateVoices(): OwnVoices {
      const voices = ownVoices(newSpeakers(), config.SYNTHESIS_URL)
      separateVoices.add(voices)
      return {
        ...voices,
        async stop() {
          await voices.stop()
          separateVoices.delete(voices)
        },
      }
    },
    languageModels,
    /** As every call of Ollama has them. */
    chat,
    /** Threads of one decoding. */
    speechThreads,
    /** Times that each engine of ours was started again after a crash. */
    restarts,
    /** Of the whisper-server that runs here; null before it was needed. */
    whisperVersion: (): string | null => whisperVersion,
    /** Gives up what is being fetched or built; it is resumed at the next start. */
    stopFetching: (): void =>
      ending.abort(new QuantvoxError('shutting_down', 'The server is shutting down.')),
    /** Stops every engine that was started here. */
    async stopEngines(): Promise<void> {
      const speech = [speechEngines, ...separate].map(engines => engines.stop())
      const voices = [ownVoices(speakers, null), ...separateVoices].map(own => own.stop())
      const others = [detector.stop(), wakeWords.stop(), mcp.stop()]
      await Promise.allSettled([...speech, ...voices, ollama.stop(), ...others])
    },
  }
}

/** The queue is in the router, which knows which host is free; a request that waits here waits for this one only. */
function ollamaForOthers({ OLLAMA_HOST, LLM_SLOTS }: Config) {
  const { port, protocol } = new URL(OLLAMA_HOST)
  return {
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
    env: { OLLAMA_NUM_PARALLEL: `${LLM_SLOTS}`, OLLAMA_MAX_QUEUE: '1' },
  }
}
