import { QuantvoxError } from '../../errors.ts'
import type { UtteranceEnd, UtteranceTaker } from '../../hearing/hearing.ts'
import type { Log } from '../../log.ts'
import type { LanguageModel } from '../../protocol/models.ts'
import type { Source } from '../../protocol/record.ts'
import type { Playback } from '../../protocol/socketClient.ts'
import type { SessionSettings } from '../../protocol/socketServer.ts'
import type { SpeechLevel } from '../../recognition/recognizer.ts'
import type { ReplyAudio } from '../../record/replyAudio.ts'
import type { Stages } from '../stages.ts'
import { beginTurn } from '../turn.ts'
import type { ActiveHistory } from './active.ts'
import { createLiveRecognition } from './liveRecognition.ts'
import { createLiveTurn, type LiveTurn, type Question } from './liveTurn.ts'
import type { Outbox } from './outbox.ts'

export type FloorDependencies = {
  stages: Stages
  replies: ReplyAudio
  outbox: Outbox
  log: Log
  sessionId: string
  source: Source
  active: ActiveHistory
  partialTranscripts: boolean
  /** Ends the session. */
  broken(error: QuantvoxError): void
}

/** Who speaks: at most one question is being said, and at most one reply is under way. */
export type Floor = {
  /** Takes speech of the user as a turn, unless a reply plays that so little speech does not interrupt. */
  offer(startMs: number, voicedMs: number): UtteranceTaker | null
  /** The user takes the floor by a button. */
  take(positionMs: number): UtteranceTaker
  typed(text: string, arrivedAtMs: number): void
  interrupt(turnId?: string): void
  /** Drops the question that is being said. */
  discard(): void
  playback(message: Playback): void
  /** Takes no further turn; settles when those that are under way are over. */
  finish(): Promise<void>
  /** Ends all turns as the client leaves; settles when their rows are written. */
  leave(): Promise<void>
}

type Lookup = { settings: SessionSettings; models: Promise<[LanguageModel, SpeechLevel]> }

export function createFloor(dependencies: FloorDependencies): Floor {
  const { stages, replies, outbox, log, sessionId, active } = dependencies
  const turns = new Map<string, LiveTurn>()
  let asking: LiveTurn | null = null
  let replying: LiveTurn | null = null
  let earlierTurns: Promise<void> = Promise.resolve()
  let clientReports = false
  let finishing = false
  let left = false

  function openTurn(): LiveTurn {
    const { appVersion } = stages.settings
    const conversationId = active.now().conversation.id
    const { source } = dependencies
    const turn = beginTurn({ conversationId, sessionId, source, appVersion }, stages, log)
    const live = createLiveTurn(turn, {
      stages,
      replies,
      outbox,
      log,
      earlierTurns,
      clientReports: () => clientReports,
      broken: dependencies.broken,
    })
    const before = earlierTurns
    earlierTurns = before.then(() => live.settled)
    turns.set(live.turnId, live)
    return live
  }

  function run(live: LiveTurn, question: () => Promise<Question | null>): void {
    void live.run(question).then(() => {
      turns.delete(live.turnId)
      if (replying === live) replying = null
      if (asking === live) asking = null
    })
  }

  /** Found while the user still speaks, so that it costs no time later. */
  function lookUp(settings: SessionSettings, signal: AbortSignal): Lookup {
    const models = Promise.all([
      stages.languageModel(settings.llmModel, signal),
      stages.speechLevel(settings.speechModel, signal),
    ])
    models.catch(() => {})
    return { settings, models }
  }

  function beginSpoken(positionMs: number): UtteranceTaker {
    const live = openTurn()
    const { turnId, turn, hearing: signal } = live
    const begunWith = active.now()
    let lookup = lookUp(begunWith.settings, signal)
    const ended = Promise.withResolvers<UtteranceEnd>()
    signal.addEventListener('abort', () => ended.reject(signal.reason), { once: true })
    const choice = () => ({
      model: lookup.models.then(([, level]) => level),
      language: lookup.settings.language,
    })
    const tell = dependencies.partialTranscripts
      ? (partial: { text: string; stableLength: number }) =>
          outbox.now({ type: 'transcript.partial', turnId, ...partial })
      : null
    const recognition = createLiveRecognition(stages, turn, positionMs, choice, tell)
    signal.addEventListener('abort', recognition.cancel, { once: true })
    asking = live
    outbox.now({ type: 'speech.started', turnId, positionMs })

    run(live, async () => {
      const end = await ended.promise
      const settings = active.at(end.speechEndedAtMs ?? end.decidedAtMs).settings
      const { speechModel, language } = lookup.settings
      if (settings !== lookup.settings) lookup = lookUp(settings, signal)
      if (settings.speechModel !== speechModel || settings.language !== language) recognition.reopen()
      turn.draft.llm.model = settings.llmModel
      turn.draft.speech.model = settings.speechModel
      if (end.utterance === null) {
        recognition.cancel()
        turn.draft.speech.speechMs = 0
        return null
      }
      const [, level] = await lookup.models
      const text = await recognition.finish(end.utterance, level, signal)
      if (text === null) return null
      outbox.now({ type: 'transcript.final', turnId, text })
      const [model] = await lookup.models
      const { samples } = end.utterance
      return { text, model, samples, active: { settings, conversation: begunWith.conversation } }
    })

    return {
      progress: recognition.progress,
      paused: recognition.paused,
      resumed: recognition.resumed,
      ended(end) {
        if (asking !== live) return
        asking = null
        replying = live
        const { timeline } = turn
        if (end.speechEndedAtMs !== null) timeline.mark('speechEnd', end.speechEndedAtMs)
        if (end.commitAtMs !== null) timeline.mark('commit', end.commitAtMs)
        timeline.mark('turnDecided', end.decidedAtMs)
        outbox.now({ type: 'speech.stopped', turnId, positionMs: end.positionMs })
        ended.resolve(end)
      },
    }
  }

  /** Who asks anew while the server stops has given up the reply that it waited for. */
  function refuseWhileFinishing(): void {
    if (finishing) throw new QuantvoxError('shutting_down', 'The server is shutting down.')
  }

  function discard(): void {
    asking?.discard()
    asking = null
  }

  return {
    offer(startMs, voicedMs) {
      if (left) return null
      if (replying?.isUnderWay()) {
        const { minSpeechMs } = active.now().settings.bargeIn
        if (minSpeechMs === 0 || voicedMs < minSpeechMs) return null
        replying.interrupt('barge-in')
      }
      return finishing ? null : beginSpoken(startMs)
    },
    take(positionMs) {
      refuseWhileFinishing()
      replying?.interrupt('client')
      return beginSpoken(positionMs)
    },
    typed(text, arrivedAtMs) {
      refuseWhileFinishing()
      discard()
      replying?.interrupt('client')
      const live = openTurn()
      replying = live
      const { settings, conversation } = active.now()
      live.turn.timeline.mark('speechEnd', arrivedAtMs)
      live.turn.draft.llm.model = settings.llmModel
      run(live, async () => {
        const model = await stages.languageModel(settings.llmModel, live.hearing)
        return { text: text.trim(), model, samples: null, active: { settings, conversation } }
      })
    },
    interrupt(turnId) {
      if (turnId === undefined || turnId === replying?.turnId) replying?.interrupt('client')
    },
    discard,
    playback(message) {
      clientReports = true
      turns.get(message.turnId)?.playback(message)
    },
    async finish() {
      finishing = true
      await Promise.all([...turns.values()].map(live => live.done))
    },
    async leave() {
      left = true
      discard()
      const open = [...turns.values()]
      for (const live of open) live.leave()
      await Promise.all(open.map(live => live.done))
    },
  }
}
