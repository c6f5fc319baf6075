import { QuantvoxError } from '../errors.ts'
import type { UtteranceTaker } from '../hearing/ear.ts'
import type { UtteranceEnd } from '../hearing/hearing.ts'
import type { Outcome, TurnRecord } from '../protocol/record.ts'
import type { HeardText } from '../recognition/recognizer.ts'
import { isNo } from '../tools/confirmation.ts'
import type { AskedFor, Following, Question, Subject, Wish } from './questions/question.ts'
import { createReply, type Reply } from './reply/reply.ts'
import { createSpeculation } from './reply/speculation.ts'
import type { RunnerDependencies } from './runner.ts'
import { beginTurn, type Turn } from './turn.ts'

/** One turn's own matter: what it was asked, says and measures. When to do what is the floor's to decide. */
export type LiveTurn = {
  /** The one to what was said so far; another once the turn goes on. */
  readonly reply: Reply
  readonly taker: UtteranceTaker | undefined
  /** Goes up each time that the turn goes on. */
  revision(): number
  /** More of the question is said, from `positionMs` on. */
  reopen(positionMs: number): void
  /** Gets the question; false where nothing was said. */
  understand(end: UtteranceEnd | null): Promise<boolean>
  /** Its answer was asked for, and how it is wanted. */
  want(wish: Wish | null): void
  /** Answers it. Gives how long to wait for word of the playback; null where there is nothing to wait for. */
  answer(): Promise<number | null>
  /** What was said, once it is understood; null where nothing was. */
  said(): HeardText | null
  stopHearing(): void
  stopReply(): void
  /** What was heard goes into the history. */
  settle(outcome: Outcome): void
  /** Never rejects. */
  write(outcome: Outcome, error: QuantvoxError | null): Promise<void>
  /** Tells that it is over. */
  done(): void
  /** It was interrupted before anything of its reply was heard. */
  isUnheard(): boolean
}

export type LiveTurnDependencies = Pick<
  RunnerDependencies,
  | 'stages'
  | 'replies'
  | 'observers'
  | 'sink'
  | 'log'
  | 'sessionId'
  | 'source'
  | 'plays'
  | 'speculates'
  | 'toolSession'
> &
  Following & {
    /** Something of the reply is on its way to the listener. */
    audible(): void
  }

export function createLiveTurn(
  turnId: string,
  conversationId: string,
  asked: AskedFor,
  dependencies: LiveTurnDependencies,
): LiveTurn {
  const { stages, sink, log, sessionId, observers } = dependencies
  const beginning = { turnId, conversationId, sessionId, source: dependencies.source }
  const turn = beginTurn(beginning, stages, observers, log)
  const hearing = new AbortController()
  const speculation = createSpeculation({ stages, turn }, dependencies.speculates)
  const source = asked({ ...dependencies, turn, signal: hearing.signal, supposing: speculation })
  const newReply = () => createReply({ ...dependencies, turn, speculation, samples: source.samples })
  let reply = newReply()
  let revision = 0
  let subject: Subject | null = null
  let wish: Wish | null = null
  let isAsked = false
  let record: TurnRecord | null = null

  return {
    taker: source.taker,
    revision: () => revision,
    get reply() {
      return reply
    },
    reopen(positionMs) {
      revision++
      reply.abandon()
      speculation.reopen()
      turn.reopen()
      source.reopen?.()
      subject = null
      reply = newReply()
      sink.tell({ type: 'reopened', turnId, positionMs })
    },
    async understand(end) {
      if (end !== null) {
        markEnd(turn, end)
        speculation.decided(end)
        sink.tell({ type: 'speech.stopped', turnId, positionMs: end.positionMs })
      }
      const since = revision
      const understood = await source.understand(end)
      if (since !== revision) return false
      // Stopped meanwhile, it has no place in the history, and so its row has no question either.
      hearing.signal.throwIfAborted()
      subject = understood
      turn.transcript = asQuestion(subject)?.text ?? null
      return subject !== null
    },
    want(wanted) {
      wish = wanted
    },
    async answer() {
      if (subject === null) throw new Error('A turn is answered before it is understood.')
      isAsked = true
      const question = asQuestion(subject)
      if (wish !== null && question !== null) subject = wish(question)
      return await reply.give(subject)
    },
    said: () => asQuestion(subject)?.heard ?? null,
    stopHearing: () => hearing.abort(new Error('nobody wants to know what is said')),
    stopReply() {
      speculation.end()
      reply.stop()
    },
    settle(outcome) {
      const question = asQuestion(subject)
      if (subject !== null && question === null) {
        turn.heardText = isAsked ? reply.heardText(subject.voice, outcome) : ''
        subject.conversation.announced(turn.heardText ?? '')
      }
      if (question !== null && !isAsked && (outcome !== 'discarded' || isNo(question.text)))
        stages.tools.confirmations.take(question.conversation.id, turnId)
      // What was no question after all has no place in the history.
      if (question === null || outcome === 'discarded') return
      if (outcome === 'completed' && !isAsked) {
        // Nobody wanted an answer.
        question.conversation.append(question.text, '', turnId)
        return
      }
      turn.reply ??= ''
      turn.heardText = reply.heardText(question.voice, outcome)
      // A question that failed may be asked again: without its answer it would only stand before the next.
      if (turn.heardText === null) return
      if (turn.heardText === '' && (outcome === 'failed' || isEmpty(turn, outcome))) return
      question.conversation.append(question.text, turn.heardText, turnId)
    },
    async write(outcome, failure) {
      // Models may still be looked up, of a question that was none or that settings were switched under.
      hearing.abort(new Error('the turn is over'))
      speculation.end()
      const error = failure ?? (isEmpty(turn, outcome) ? emptyReply(turn) : null)
      if (error?.code === 'internal') log.error({ err: error, turnId }, 'turn failed')
      // One that ends the session is told when the turn is done; a turn by itself has no other to tell it to.
      if (error?.recoverable || (error && sessionId === null)) sink.tell({ type: 'error', error, turnId })
      await reply.keepAudio()
      record = await turn.end(outcome, error)
    },
    done() {
      if (record !== null) tellDone(turn, record, dependencies)
    },
    isUnheard: () => record?.outcome === 'interrupted' && !turn.heardText,
  }
}

function markEnd({ timeline }: Turn, { speechEndedAtMs, commitAtMs, decidedAtMs }: UtteranceEnd): void {
  if (speechEndedAtMs !== null) timeline.mark('speechEnd', speechEndedAtMs)
  if (commitAtMs !== null) timeline.mark('commit', commitAtMs)
  timeline.mark('turnDecided', decidedAtMs)
}

function asQuestion(subject: Subject | null): Question | null {
  return subject === null || 'announced' in subject ? null : subject
}

/** The model had nothing to say, or only to itself. */
function isEmpty({ reply, hasCalled }: Turn, outcome: Outcome): boolean {
  return outcome === 'completed' && !hasCalled && reply?.trim() === ''
}

function emptyReply({ draft }: Turn): QuantvoxError {
  const what = draft.llm.thinkingMs === null ? 'gave no answer' : 'only thought, and gave no answer'
  return new QuantvoxError('empty_reply', `The language model ${what}.`, {
    meaning: 'Nothing went wrong; there is nothing to say.',
    mend: 'Ask in other words, or choose another model.',
  })
}

function tellDone({ turnId, heardText }: Turn, record: TurnRecord, { sink }: LiveTurnDependencies): void {
  const { outcome, errorCode } = record
  sink.tell({
    ...{ type: 'turn.done', turnId, outcome, timings: record },
    ...(errorCode === null ? {} : { errorCode }),
    ...(heardText === null ? {} : { heardText }),
  })
}
