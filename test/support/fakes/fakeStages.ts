import { sleep } from '../../../server/abort.ts'
import { recordedTurns } from '../../../server/assembly/record/recordedTurns.ts'
import { createConversations } from '../../../server/conversation/conversations.ts'
import type { ChatMessage, ChatOptions, ReplyPart, Respond } from '../../../server/llm/respond.ts'
import type { ToolCall } from '../../../server/llm/toolCalls.ts'
import type { LanguageModel, SpeechModel } from '../../../server/protocol/models.ts'
import type { Stages } from '../../../server/session/stages.ts'
import { createTurnsUnderWay } from '../../../server/session/underWay.ts'
import { noTools } from '../../../server/tools/turnTools.ts'
import { leasesAt, testChat } from '../engines/leasesAt.ts'
import { createMemoryTurnStore } from '../record/memoryTurnStore.ts'
import { speakingWith } from '../voice/speakingWith.ts'
import { createFakeRecognizer } from './fakeRecognizer.ts'

/** What each scripted stage does: how long it takes, and what it says or throws. */
export type Script = {
  transcript: string
  /** It may be no words. */
  isUnclear: boolean
  /** That was heard. */
  language: string
  /** Pieces of the reply, in the order in which they stream. */
  reply: string[]
  /** Calls of tools that the model asks for instead, a list each time that it is asked; after them it replies. */
  toolCalls: ToolCall[][]
  /** The host that a router names for each reply, in order; none are named without one. */
  routed: string[]
  /** Also where it was offered no tools. */
  callsAnyway: boolean
  /** Voiced milliseconds that voice activity finds; 0 is a clip without speech. */
  speechMs: number
  recognizeMs: number
  firstTokenMs: number
  /** What the model says of a question's end, when it is asked. */
  endsHere: number | null
  endsHereMs: number
  /** Pause after each piece; with 0 all come at once, as out of one packet. */
  tokenMs: number
  synthesizeMs: number
  /** Milliseconds of audio for one clause. */
  clauseAudioMs: number
  recognizeError: Error | null
  respondError: Error | null
  /** Where the reply breaks off: after this many pieces `respondError` is thrown. */
  respondErrorAfter: number
  synthesizeError: Error | null
}

export const usualScript: Script = {
  transcript: 'What is the time?',
  isUnclear: false,
  language: 'en',
  reply: ['It is', ' ten', ' past', ' nine.', ' Good', ' evening.'],
  toolCalls: [],
  routed: [],
  callsAnyway: false,
  speechMs: 900,
  recognizeMs: 5,
  firstTokenMs: 5,
  endsHere: null,
  endsHereMs: 0,
  tokenMs: 1,
  synthesizeMs: 0,
  clauseAudioMs: 300,
  recognizeError: null,
  respondError: null,
  respondErrorAfter: 0,
  synthesizeError: null,
}

export const fakeLanguageModel: LanguageModel = {
  name: 'fake:1b-q4_K_M',
  family: 'fake',
  parameterSize: '1B',
  quantization: 'Q4_K_M',
  sizeBytes: 700_000_000,
  digest: 'f'.repeat(64),
  installed: true,
  loaded: true,
  contextTokens: null,
  residentBytes: 800_000_000,
  gpuShare: 0,
  remote: null,
}

export function fakeSpeechModel(quantization: string, sizeBytes: number, loaded: boolean): SpeechModel {
  return {
    ...{
      name: `whisper-tiny.en-${quantization}`,
      family: 'whisper-tiny.en',
      parameterSize: '39M',
      quantization,
    },
    ...{ sizeBytes, digest: null, installed: true, loaded, residentBytes: loaded ? 115e6 : null },
    languages: 'english',
  }
}

const SAMPLE_RATE = 16_000

export type FakeStages = {
  stages: Stages
  script: Script
  /** What the stages were asked and how they ended, in order: the order of events is what fakes are for. */
  calls: string[]
  /** The messages of the last prompt. */
  lastPrompt(): ChatMessage[]
  /** With what the last reply was asked for. */
  lastOptions(): ChatOptions | null
  /** Replies under way. */
  replying(): number
}

/** Scripted stages with delays and failures, over an in-memory record. Change `script` between turns. */
export function createFakeStages(change: Partial<Script> = {}): FakeStages {
  const script = { ...usualScript, ...change }
  const calls: string[] = []
  let prompt: ChatMessage[] = []
  let chatOptions: ChatOptions | null = null
  let replying = 0

  const noted = async <T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    calls.push(name)
    try {
      return await work()
    } catch (error) {
      calls.push(`${name} ${signal.aborted ? 'aborted' : 'failed'}`)
      throw error
    }
  }

  async function* respond(
    ...[, messages, options, signal]: Parameters<Respond>
  ): AsyncGenerator<ReplyPart, void, undefined> {
    const { tools } = options
    prompt = messages
    chatOptions = options
    calls.push('respond')
    replying += 1
    try {
      await sleep(script.firstTokenMs, signal)
      const host = script.routed.shift()
      if (host !== undefined) yield { type: 'routed', by: { host, queueMs: 1, retries: 0 } }
      const asked = tools?.length || script.callsAnyway ? script.toolCalls.shift() : undefined
      for (const call of asked ?? []) yield { type: 'tool-call', call }
      for (const [index, text] of (asked === undefined ? script.reply : []).entries()) {
        if (script.respondError && index === script.respondErrorAfter) throw script.respondError
        yield { type: 'text', text }
        if (script.tokenMs > 0) await sleep(script.tokenMs, signal)
      }
      if (script.respondError) throw script.respondError
      yield { type: 'done', statistics: statisticsOf(script) }
    } catch (error) {
      calls.push(signal.aborted ? 'respond aborted' : 'respond failed')
      signal.throwIfAborted()
      throw error
    } finally {
      replying -= 1
    }
  }

  const underWay = createTurnsUnderWay()
  const stages: Stages = {
    async findSpeech() {
      const { speechMs } = script
      const segments = speechMs === 0 ? [] : [{ startMs: 100, endMs: 100 + speechMs }]
      const lastVoicedMs = speechMs === 0 ? null : 100 + speechMs
      return { segments, speechMs, lastVoicedMs, probabilities: new Float32Array() }
    },
    recognizer: createFakeRecognizer(script, noted),
    llm: leasesAt(
      async () => 'http://127.0.0.1:11434',
      respond,
      async () => {
        calls.push('endsHere')
        if (script.endsHereMs > 0) await sleep(script.endsHereMs)
        return script.endsHere
      },
    ),
    voice: speakingWith(async (clause, _voice, signal) => {
      calls.push(`speak ${clause}`)
      if (script.synthesizeError) throw script.synthesizeError
      if (script.synthesizeMs > 0) await sleep(script.synthesizeMs)
      signal.throwIfAborted()
      return {
        samples: tone(script.clauseAudioMs),
        sampleRate: SAMPLE_RATE,
        inferenceMs: script.synthesizeMs + 1,
      }
    }),
    voiceModel: name => ({
      digest: name.startsWith('flite:') ? 'd'.repeat(64) : null,
      quantization: name.startsWith('hibari:') ? 'int8' : null,
    }),
    async speechLevel(name) {
      return { name, path: '/nowhere', digest: 'a'.repeat(64), quantization: name.split('-').at(-1) ?? '' }
    },
    async languageModel(name) {
      return { ...fakeLanguageModel, name }
    },
    callsTools: async () => true,
    modelThere: () => null,
    async memory(speechModel) {
      return {
        speechResidentBytes: speechModel === null ? null : 100_000_000,
        llmResidentBytes: 800_000_000,
        llmGpuShare: 0,
        llmMemorySource: 'process',
      }
    },
    conversations: createConversations({
      maxConversations: 200,
      idleMs: 30 * 60_000,
      isShared: false,
      recorded: recordedTurns(() => stages.store),
    }),
    store: createMemoryTurnStore(),
    observers: new Set([underWay.begin]),
    underWay,
    tools: noTools,
    settings: {
      appVersion: '0.0.0-test',
      replicaId: null,
      llmModel: async () => fakeLanguageModel.name,
      speechModel: 'whisper-tiny.en-q8_0',
      language: null,
      voice: 'flite:slt',
      systemPrompt: 'Be short.',
      contextTokens: testChat.numCtx,
    },
  }
  return {
    stages,
    script,
    calls,
    lastPrompt: () => prompt,
    lastOptions: () => chatOptions,
    replying: () => replying,
  }
}

function statisticsOf({ reply }: Script) {
  return {
    doneReason: 'stop',
    totalMs: 20,
    loadMs: 2,
    promptTokens: 30,
    cachedPromptTokens: null,
    promptEvalMs: 5,
    outputTokens: reply.length,
    evalMs: 10,
  }
}

/** A tone, so that a test can tell audio from silence. */
function tone(durationMs: number): Int16Array {
  return Int16Array.from({ length: (durationMs * SAMPLE_RATE) / 1000 }, (_, i) => 8000 * Math.sin(i / 8))
}
