import { isDeepStrictEqual } from 'node:util'
import type { Detector } from '../hearing/endOfTurn/detector.ts'
import { learnedEnd } from '../hearing/endOfTurn/learned.ts'
import { createOwnPauses } from '../hearing/endOfTurn/ownPauses.ts'
import { type Endpointing, fixedSilence } from '../hearing/endpointing.ts'
import { createHearing, type Hearing } from '../hearing/hearing.ts'
import type { VoiceActivity } from '../hearing/voiceActivity.ts'
import type { WakeSettings } from '../hearing/wakeWord/wakeEar.ts'
import type { WakeWords } from '../hearing/wakeWord/wakeWords.ts'
import type { Log } from '../log.ts'
import type { Source } from '../protocol/record.ts'
import type { ClientMessage, Configure } from '../protocol/socketClient.ts'
import type { SessionSettings } from '../protocol/socketServer.ts'
import type { ReplyAudio } from '../record/replyAudio.ts'
import type { ToolSession } from '../tools/toolbox.ts'
import { createSessionTools, type SessionTools } from './byItself/sessionTools.ts'
import type { Sink } from './events.ts'
import { announcement } from './questions/announcement.ts'
import type { Wish } from './questions/question.ts'
import { spokenQuestion } from './questions/spokenQuestion.ts'
import { typedQuestion } from './questions/wholeQuestion.ts'
import { createRunner, type Runner } from './runner.ts'
import { type ActiveHistory, changed, type Wanted } from './settings.ts'
import type { Stages } from './stages.ts'
import { createLanguageLoads, type LoadedModels, prepare } from './switching.ts'
import type { TurnObserver } from './turn.ts'

export type SessionDependencies = {
  stages: Stages
  /** Whom its turns are recorded for: a client, or a comparison. */
  source: Source
  observers: ReadonlySet<TurnObserver>
  /** Whether the listener plays replies in its own time, and may report it. */
  plays: boolean
  /** Whether speech that does not interrupt a reply leaves it alone and is a turn of its own, which never goes on. */
  leavesReplies: boolean
  replies: ReplyAudio
  activity: VoiceActivity
  detector: Detector
  /** Without it nothing wakes a session in wake-word mode. */
  wakeWords?: WakeWords
  loadedModels(signal: AbortSignal): Promise<LoadedModels>
  defaults: {
    endpointing: SessionSettings['endpointing']
    minSpeechMs: number
    wake?: SessionSettings['wake']
  }
  maxUtteranceMs: number
  partialTranscripts: boolean
  /** Whether the language model is asked at pauses already. */
  speculates: boolean
}

/** What a session that is ready works with. */
export type LiveContext = {
  dependencies: SessionDependencies
  sessionId: string
  active: ActiveHistory
  sampleRate: number
  sink: Sink
  log: Log
  /** Tells the client of a failure that no turn has. */
  report(thrown: unknown, requestId?: string): void
  signal: AbortSignal
}

/** A session that is ready. */
export type Live = Pick<Runner, 'finish' | 'leave'> &
  Pick<Runner, 'answering'> &
  Pick<Hearing, 'audio'> & {
    /** Has what was said last answered, or `text` where all that was said is; gives the turn's id. */
    respond(text: string, wish: Wish, arrivedAtMs: number): string
    act(message: Exclude<ClientMessage, { type: 'start' }>, arrivedAtMs: number): void
  }

export function openLive(context: LiveContext): Live {
  const { active, report, log, signal } = context
  const tools: SessionTools = createSessionTools({
    ...{ listener: context.sink, models: () => active.now().settings, report, log, signal },
    announce: text => runner.announce(announcement(text, active)),
    configure: models => configure({ type: 'configure', ...models }, performance.now()),
  })
  const ears = openEars({ ...context, sink: tools.sink }, tools)
  const { runner, hearing } = ears
  const configure = configuring(context, ears)
  return {
    audio: hearing.audio,
    finish() {
      tools.finish()
      return runner.finish()
    },
    leave() {
      tools.leave()
      return runner.leave()
    },
    answering: runner.answering,
    respond: (text, wish, arrivedAtMs) =>
      runner.respond(typedQuestion(text, active.now(), arrivedAtMs), wish),
    act(message, arrivedAtMs) {
      switch (message.type) {
        case 'configure':
          configure(message, arrivedAtMs).catch(error => report(error, message.requestId))
          break
        case 'begin':
          runner.begin(hearing.positionMs(), arrivedAtMs)
          break
        case 'commit':
          runner.commit(arrivedAtMs)
          break
        case 'cancel':
          runner.cancel()
          break
        case 'text':
          runner.ask(typedQuestion(message.text, active.now(), arrivedAtMs), arrivedAtMs)
          break
        case 'interrupt':
          runner.interrupt(message.turnId ?? null, arrivedAtMs)
          break
        case 'playback':
          runner.playback(message)
      }
    },
  }
}

/** Loads what hears the wake word, where one is needed. Throws as `WakeWords.load`. */
export async function loadWakeWord(
  { mode, wake }: SessionSettings,
  wakeWords: WakeWords | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (mode === 'wake-word') await wakeWords?.load(wake.phrase, signal)
}

function wakeWordFor({ mode, wake }: SessionSettings, wakeWords: WakeWords | undefined): WakeSettings | null {
  if (mode !== 'wake-word' || wakeWords === undefined) return null
  return { stream: wakeWords.open(wake.phrase), threshold: wake.threshold }
}

type Ears = { runner: Runner; hearing: Hearing; endpointing(settings: SessionSettings): Endpointing }

function openEars(context: LiveContext, toolSession: ToolSession): Ears {
  const { dependencies, sessionId, active, sampleRate, sink, log, report, signal } = context
  const { settings } = active.now()
  const { mode, bargeIn } = settings
  const endpointing = endpointingFor(dependencies.detector, signal)
  let isWoken = false
  const runner = createRunner({
    ...{ ...dependencies, sink, log, sessionId, toolSession },
    settings: { mode, bargeInMs: bargeIn.minSpeechMs, answering: 'at-once' },
    conversationId: () => active.now().conversation.id,
    spoken() {
      const question = spokenQuestion(active, dependencies.partialTranscripts, isWoken)
      isWoken = false
      // Until all is said there is time to hear what was said elsewhere meanwhile.
      void dependencies.stages.conversations.catchUp(active.now().conversation)
      return question
    },
  })
  const hearing = createHearing({
    ...{ activity: dependencies.activity, sampleRate, endpointing: endpointing(settings) },
    maxUtteranceMs: dependencies.maxUtteranceMs,
    sound: runner.sound,
    ...{ voiced: runner.voiced, ended: runner.ended, cutOff: runner.cutOff, failed: runner.broken },
    woken(score, positionMs) {
      isWoken = true
      sink.tell({ type: 'wake.detected', phrase: active.now().settings.wake.phrase, score, positionMs })
      runner.woken(positionMs)
    },
    deaf: report,
  })
  hearing.setWakeWord(wakeWordFor(settings, dependencies.wakeWords))
  runner.listen(hearing)
  return { runner, hearing, endpointing }
}

/** What ends turns by the settings; what it learns of the speaker's pauses stays in this session. */
function endpointingFor(detector: Detector, signal: AbortSignal) {
  const ownPauses = createOwnPauses()
  return ({ endpointing: { mode, preset, silenceMs }, language }: SessionSettings): Endpointing =>
    mode === 'silence'
      ? fixedSilence(silenceMs)
      : learnedEnd({ detector, preset, silenceMs, isEnglish: (language ?? 'en') === 'en', ownPauses, signal })
}

/** What a client asks for, or a tool. */
type Reconfigure = Omit<Configure, 'requestId'> & { requestId?: string }

/** Loads what is wanted beside the turns, and then has the next one use it. */
function configuring(
  { dependencies, sessionId, active, sink, signal }: LiveContext,
  { runner, hearing, endpointing }: Ears,
) {
  const { stages } = dependencies
  const loads = createLanguageLoads()
  let requests = 0
  const lastRequestFor = new Map<string, number>()

  function apply(wanted: Partial<Wanted>): void {
    const { settings, conversation } = active.now()
    const { conversationId } = wanted
    const next = changed(settings, wanted)
    active.set({
      settings: next,
      conversation: conversationId === undefined ? conversation : stages.conversations.open(conversationId),
    })
    hearing.setEndpointing(endpointing(next))
    if (!isDeepStrictEqual([next.mode, next.wake], [settings.mode, settings.wake]))
      hearing.setWakeWord(wakeWordFor(next, dependencies.wakeWords))
    runner.configured(next.mode, next.bargeIn.minSpeechMs)
  }

  return async ({ type, requestId, ...wanted }: Reconfigure, arrivedAtMs: number): Promise<void> => {
    const request = ++requests
    const meant = changed(active.now().settings, wanted)
    await loadWakeWord(meant, dependencies.wakeWords, signal)
    await stages.conversations.recall(wanted.conversationId)
    const costs = await prepare(request, wanted, { ...dependencies, owner: sessionId, loads }, signal)
    signal.throwIfAborted()
    // Of several that overlap the last one wins, whichever is ready first.
    const { llmModel: _asItIsListed, ...others } = wanted
    const known = costs.llm === undefined ? others : { ...others, llmModel: costs.llm.name }
    const given = Object.entries(known).filter(([name]) => (lastRequestFor.get(name) ?? 0) < request)
    for (const [name] of given) lastRequestFor.set(name, request)
    apply(Object.fromEntries(given))
    const { settings, conversation } = active.now()
    const switchMs = performance.now() - arrivedAtMs
    const conversationId = conversation.id
    const asked = requestId === undefined ? {} : { requestId }
    sink.tell({ type: 'configured', ...asked, conversationId, settings, switchMs, ...costs })
  }
}
