import { createBreather } from '../../audio/yielding.ts'
import type { ReplyStatistics } from '../../llm/respond.ts'
import type { LlmTimings } from '../../protocol/record.ts'
import { IN_OTHER_LETTERS, NOTHING_TO_SAY } from '../../shared/emptyReply.ts'
import { createClauseSplitter } from '../../voice/clauses.ts'
import type { Question, QuestionContext } from '../questions/question.ts'
import { type AskedReply, ask, promptOf } from './asking.ts'
import type { Speaking } from './speak.ts'
import type { Speculation } from './speculation.ts'

/** So many characters are surely cut into clauses well within a stretch of work. */
const PIECE_LENGTH = 100

export type AnswerContext = QuestionContext & {
  speculation: Speculation
  /** Null where the server speaks nothing. */
  speaking: Speaking | null
  /** Some of the reply's text is out. */
  worded(): void
}

const OTHER_VOICES = 'Choose the voice browser, or one of a speech server (remote:<voice>), for such replies.'

/** How often a listener is told that the model still thinks. */
const THINKING_TOLD_MS = 1000

/**
 * Asks the LLM and has its answer spoken while it streams; settles when all of it is on its way to the listener. What is said
 * and measured goes into the turn at once, so that a failure or an interruption keeps it.
 */
export async function answer(question: Question, context: AnswerContext): Promise<void> {
  const { conversation, model, voice } = question
  const { stages, turn, speaking, sink, speculation, signal } = context
  const { turnId, draft, timeline } = turn
  const { name, digest, quantization, parameterSize } = model
  Object.assign(draft.llm, { model: name, digest, quantization, parameterSize })
  const made = stages.voiceModel(voice.name)
  Object.assign(draft.synthesis, {
    voice: voice.name,
    digest: made.digest,
    quantization: made.quantization,
  })
  const messages = conversation.prompt(promptOf(question, stages))
  const splitting = () => createClauseSplitter(question.language ?? undefined)
  let splitter = splitting()
  let isSilent = true
  let hasOtherLetters = false
  const say = (clauses: ReturnType<typeof splitter.push>) => {
    for (const clause of clauses) {
      timeline.mark('firstClause')
      if (voice.pronounces(clause.text)) isSilent = false
      if (!voice.saysAll(clause.text)) hasOtherLetters = true
      speaking?.say(clause)
    }
  }
  const breathe = createBreather(signal)
  turn.reply = ''
  const reply = speculation.take(question, messages, signal) ?? (await ask(messages, question, context))
  speculation.asked(reply)
  await stream(reply, question, context, {
    async text(text) {
      for (let from = 0; from < text.length; from += PIECE_LENGTH) {
        say(splitter.push(text.slice(from, from + PIECE_LENGTH)))
        await breathe()
      }
    },
    restart() {
      splitter = splitting()
      isSilent = true
      hasOtherLetters = false
      speaking?.restart()
    },
  })
  // A reply that was held back ends without a wait in which the stop would be noticed.
  signal.throwIfAborted()
  conversation.observe(reply.messages, draft.llm.promptTokens)
  say(splitter.flush())
  sink.tell({ type: 'reply.done', turnId, text: turn.reply })
  if (hasOtherLetters) {
    const message = `The voice ${voice.name} cannot say letters of other scripts; they can only be read.`
    sink.tell({ type: 'hint', turnId, hint: 'other-script', message, mend: OTHER_VOICES })
  }
  const { length } = turn.reply
  const spokenInstead = hasOtherLetters ? IN_OTHER_LETTERS : NOTHING_TO_SAY
  if (isSilent && !turn.hasCalled)
    speaking?.say({ text: spokenInstead, start: 0, end: hasOtherLetters ? length : 0 })
  await speaking?.finish()
}

async function stream(
  { parts, askedAtMs, release, ...place }: AskedReply,
  { model }: Question,
  { turn, sink, worded, signal }: AnswerContext,
  hear: { text(text: string): Promise<void>; restart(): void },
): Promise<void> {
  const { turnId, timeline, draft } = turn
  const { llm } = draft
  Object.assign(llm, { host: place.host, queueMs: place.queueMs, cold: place.cold })
  try {
    let thinkingSince: number | null = null
    let toldAt = Number.NEGATIVE_INFINITY
    for await (const { part, atMs } of parts) {
      signal.throwIfAborted()
      const now = performance.now()
      if (part.type === 'thinking') {
        thinkingSince ??= atMs
        llm.thinkingMs = atMs - thinkingSince
        if (now - toldAt < THINKING_TOLD_MS) continue
        toldAt = now
        sink.tell({ type: 'thinking', turnId, thinkingMs: llm.thinkingMs })
      } else if (part.type === 'restart') {
        llm.thinkingMs = atMs - askedAtMs
        turn.reply = ''
        hear.restart()
      } else if (part.type === 'text') {
        llm.timeToFirstTokenMs ??= atMs - askedAtMs
        if (turn.reply === '') turn.watchMemory(model)
        timeline.mark('firstToken', now)
        turn.reply += part.text
        sink.tell({ type: 'reply.delta', turnId, text: part.text })
        worded()
        await hear.text(part.text)
      } else if (part.type === 'tool-call') {
        turn.hasCalled = true
        sink.tell({ type: 'calls', turnId, calls: [part.call] })
      } else if (part.type === 'done') {
        timeline.mark('replyDone', now)
        recordStatistics(llm, part.statistics)
        llm.cold = part.cold
      }
    }
  } finally {
    release()
  }
}

function recordStatistics(llm: LlmTimings, { totalMs, ...figures }: ReplyStatistics): void {
  Object.assign(llm, figures)
  const { loadMs, promptEvalMs, outputTokens, evalMs } = figures
  if (totalMs !== null)
    llm.residualMs = Math.max(0, totalMs - (loadMs ?? 0) - (promptEvalMs ?? 0) - (evalMs ?? 0))
  if (outputTokens !== null && outputTokens > 0 && evalMs !== null && evalMs > 0) {
    llm.tokensPerSecond = (outputTokens / evalMs) * 1000
    llm.timePerOutputTokenMs = evalMs / outputTokens
  }
}
