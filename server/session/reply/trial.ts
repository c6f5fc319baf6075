import { setTimeout as sleep } from 'node:timers/promises'
import type { SpokenAudio } from '../../audio/pcm.ts'
import { type Held, hold } from '../../held.ts'
import type { SpareLease } from '../../llm/lease.ts'
import type { AttemptOutcome } from '../../protocol/record.ts'
import type { SpeculationDraft } from '../../record/speculation.ts'
import type { Question, QuestionContext } from '../questions/question.ts'
import { type AskedReply, asked, askingFor, promptOf, type TimedPart } from './asking.ts'
import { type FirstClause, speakFirstClause } from './firstClause.ts'

/** One question put on trial: its reply comes and is held back until it is taken, or ended. */
export type Trial = {
  /** How likely the question can end with its words, 0 to 1; null before the model has told, and where it can't. */
  endsHere(): number | null
  /** The reply, where the prompt of the turn is the one that was asked; else null, and the trial is over. */
  take(question: Question, asked: Put, signal: AbortSignal): AskedReply | null
  /** Of a reply that was taken: its first clause, where it is spoken already. */
  audioOf(text: string): AsyncIterable<SpokenAudio> | null
  /** Breaks it off, unless it is over or taken. */
  end(outcome: AttemptOutcome): void
}

/** What a question is put to the model as. */
export type Put = Pick<AskedReply, 'messages' | 'asking'>

type Asked = {
  question: Question
  reply: AskedReply
  lease: SpareLease
  parts: Held<TimedPart>
  firstClause: FirstClause
}

/**
 * The model is asked for the reply while it still reads how the question may end, since half of what either takes is Ollama's own
 * preparation (48 ms of 96 and of 74, Ollama 0.17.4); it answers in the order in which both are ready, and this is enough to be first
 * (60 of 60 on two cores with nothing else to do; where it is not, the voice decides).
 */
const END_CHECK_AHEAD_MS = 20

/**
 * @param isOpen whether the model is asked first if the question can end there
 * @param figures gets what is asked; that for which there is no place never is
 */
export function tryQuestion(
  finding: Promise<Question>,
  stages: QuestionContext['stages'],
  isOpen: boolean,
  figures: Pick<SpeculationDraft, 'endChecks' | 'endCheckMs' | 'attempts'>,
): Trial {
  const stop = new AbortController()
  let current: Asked | null = null
  let endsHere: number | null = null

  function end(outcome: AttemptOutcome): void {
    if (current !== null) {
      const { attempt } = current.reply
      if (attempt.outcome !== null) return
      attempt.outcome = outcome
      attempt.endedAtMs ??= performance.now()
    }
    stop.abort(new Error('the reply on trial is not wanted'))
    current?.lease.release()
  }

  async function begin(): Promise<void> {
    const question = await finding
    stop.signal.throwIfAborted()
    const asking = await askingFor(question, stages, stop.signal)
    const messages = question.conversation.foresee(promptOf(question, stages, asking))
    const lease = await stages.llm.spare(question.model, messages, stop.signal, asking.tools)
    if (lease === null) return
    if (isOpen) {
      const check = checkEnd(lease, messages, question)
      await (lease.toldEnds ? Promise.race([check, sleep(END_CHECK_AHEAD_MS)]) : check)
    }
    if (stop.signal.aborted || lease.lost.aborted) {
      lease.release()
      return
    }
    const reply = asked(lease, messages, asking, question.conversation.id, stop.signal)
    const { attempt } = reply
    const firstClause = speakFirstClause(question, stop.signal)
    const parts = hold(heardBy(firstClause, reply.parts))
    current = { question, reply, lease, parts, firstClause }
    figures.attempts.push(attempt)
    lease.lost.addEventListener('abort', () => end('superseded'), { once: true })
    await parts.over
    lease.release()
    attempt.endedAtMs ??= performance.now()
    if (parts.hasFailed()) end('failed')
  }

  async function checkEnd(
    lease: SpareLease,
    messages: AskedReply['messages'],
    { conversation }: Question,
  ): Promise<void> {
    const askedAtMs = performance.now()
    endsHere = await lease.endsHere(messages, conversation.id, stop.signal)
    figures.endChecks++
    figures.endCheckMs += performance.now() - askedAtMs
  }

  // Whatever is wrong is told when the turn itself asks.
  begin().catch(() => {})

  return {
    end,
    endsHere: () => endsHere,
    take(question, put, signal) {
      if (current === null || !isSame(current, question, put)) {
        end('changed')
        return null
      }
      const { lease, reply, parts } = current
      if (reply.attempt.outcome !== null) return null
      reply.attempt.outcome = 'used'
      lease.keep()
      const leave = () => stop.abort(signal.reason)
      signal.addEventListener('abort', leave, { once: true })
      if (signal.aborted) leave()
      return { ...reply, parts: parts.read() }
    },
    audioOf: text => (current?.reply.attempt.outcome === 'used' ? current.firstClause.audioOf(text) : null),
  }
}

async function* heardBy(firstClause: FirstClause, parts: AsyncIterable<TimedPart>) {
  for await (const timed of parts) {
    firstClause.hear(timed.part)
    yield timed
  }
}

/** What was asked, by the model that is wanted, and for the voice. */
function isSame({ question: { model, voice }, reply }: Asked, wanted: Question, { messages, asking }: Put) {
  if (model.name !== wanted.model.name || model.digest !== wanted.model.digest) return false
  if (voice.name !== wanted.voice.name || reply.messages.length !== messages.length) return false
  if (JSON.stringify(reply.asking) !== JSON.stringify(asking)) return false
  return reply.messages.every(({ content }, index) => {
    const other = messages[index]?.content ?? ''
    return content === other || (index === messages.length - 1 && wordsOf(content) === wordsOf(other))
  })
}

const wordsOf = (text: string) =>
  text
    .toLowerCase()
    .replace(/[\p{P}\s]+/gu, ' ')
    .trim()
