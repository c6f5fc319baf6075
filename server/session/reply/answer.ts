import { createBreather } from '../../audio/yielding.ts'
import type { LeasedPart } from '../../llm/lease.ts'
import type { ChatMessage, ReplyStatistics } from '../../llm/respond.ts'
import type { ToolCall } from '../../llm/toolCalls.ts'
import type { LlmTimings } from '../../protocol/record.ts'
import { IN_OTHER_LETTERS, NOTHING_TO_SAY } from '../../shared/replies/emptyReply.ts'
import type { ToolSession } from '../../tools/toolbox.ts'
import { createClauseSplitter } from '../../voice/clauses.ts'
import { type Question, type QuestionContext, recordVoice } from '../questions/question.ts'
import { type AskedReply, ask, askingFor, promptOf } from './asking.ts'
import type { Speaking } from './speak.ts'
import type { Speculation } from './speculation.ts'
import { askedFirst, confirmedCall, createMadeCalls, FILLER, MOST_ROUNDS, runCalls } from './toolRounds.ts'
import type { Put } from './trial.ts'

/** So many characters are surely cut into clauses well within a stretch of work. */
const PIECE_LENGTH = 100

export type AnswerContext = QuestionContext & {
  speculation: Speculation
  /** Null where the server speaks nothing. */
  speaking: Speaking | null
  /** Some of the reply's text is out. */
  worded(): void
  /** A tool is called. */
  acted(): void
  toolSession: ToolSession | null
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
  const { stages, turn, speaking, sink, signal } = context
  const { turnId, draft, timeline } = turn
  const { name, digest, quantization, parameterSize } = model
  Object.assign(draft.llm, { model: name, digest, quantization, parameterSize })
  recordVoice(turn, voice, stages)
  // Before anything can fail: what is said now is the word on it, whatever becomes of this turn.
  const confirmed = confirmedCall(question, context)
  const asking = await askingFor(question, stages, signal)
  const messages = conversation.prompt(promptOf(question, stages, asking))
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
  const hear: Hear = {
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
  }
  turn.reply = ''
  await replyInRounds(question, { messages, asking }, confirmed, hear, context)
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

type Hear = { text(text: string): Promise<void>; restart(): void }

/**
 * What the model says until it calls no tool any more, one reply a round. Where its tools are those of a door's client, that is told what
 * is called, and the turn is over.
 */
async function replyInRounds(
  question: Question,
  { messages, asking }: Put,
  confirmed: ToolCall | null,
  hear: Hear,
  context: AnswerContext,
): Promise<void> {
  const { conversation } = question
  const { turn, speaking, sink, speculation, signal } = context
  const { turnId, draft } = turn
  const fill = () => {
    if (turn.reply === '') speaking?.say({ text: FILLER, start: 0, end: 0 })
  }
  const told = async (calls: readonly ToolCall[], content: string): Promise<ChatMessage[]> => {
    // What is done is done: from here on the question does not go on.
    context.acted()
    return [{ role: 'assistant', content, toolCalls: calls }, ...(await runCalls(calls, context, fill))]
  }
  const begun = confirmed === null ? speculation.take(question, { messages, asking }, signal) : null
  const madeOnes = createMadeCalls(confirmed === null ? [] : [confirmed])
  let isLast = false
  const first = confirmed === null ? messages : [...messages, ...(await told([confirmed], ''))]
  let reply = begun ?? (await ask(first, asking, question, context))
  speculation.asked(reply)
  for (let round = 1; ; round++) {
    const { length } = turn.reply ?? ''
    const calls = await stream(reply, question, context, hear)
    // A reply that was held back ends without a wait in which the stop would be noticed.
    signal.throwIfAborted()
    // Tools are no part of the estimate that this corrects.
    if (asking.tools === undefined || asking.tools.length === 0)
      conversation.observe(reply.messages, draft.llm.promptTokens)
    if (calls.length === 0) return
    if (conversation.asking !== undefined) {
      turn.hasCalled = true
      sink.tell({ type: 'calls', turnId, calls })
      return
    }
    // Some call what they were not offered.
    if (isLast) return
    const fresh = madeOnes.add(calls)
    const wanted = askedFirst(fresh, question, context)
    if (wanted !== null) return await word(wanted, false, context, hear)
    isLast = fresh.length === 0 || round + 1 === MOST_ROUNDS
    const given = fresh.length === 0 ? [] : await told(fresh, (turn.reply ?? '').slice(length))
    reply = await ask([...reply.messages, ...given], isLast ? {} : asking, question, context)
  }
}

/** Some more of the reply is known; where it does not go on from what was said before, there is a blank between them. */
async function word(
  text: string,
  goesOn: boolean,
  { turn, sink, worded }: Pick<AnswerContext, 'turn' | 'sink' | 'worded'>,
  hear: Hear,
): Promise<void> {
  const before = turn.reply ?? ''
  const apart = goesOn || before === '' || /\s$/.test(before) || /^\s/.test(text) ? text : ` ${text}`
  turn.reply = before + apart
  sink.tell({ type: 'reply.delta', turnId: turn.turnId, text: apart })
  worded()
  await hear.text(apart)
}

/** Gives the calls of tools that the model asks for. */
async function stream(
  { parts, askedAtMs, release, ...place }: AskedReply,
  { model }: Question,
  { stages, turn, sink, worded, signal }: AnswerContext,
  hear: Hear,
): Promise<ToolCall[]> {
  const { turnId, timeline, draft } = turn
  const { llm } = draft
  const isFirst = llm.queueMs === null
  Object.assign(llm, { host: place.host, queueMs: (llm.queueMs ?? 0) + place.queueMs, cold: place.cold })
  const calls: ToolCall[] = []
  let isWorded = false
  let routedTo: string | null = null
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
        if (turn.reply === '') turn.watchMemory(model, routedTo)
        timeline.mark('firstToken', now)
        await word(part.text, isWorded, { turn, sink, worded }, hear)
        isWorded = true
      } else if (part.type === 'tool-call') calls.push(part.call)
      else if (part.type === 'routed') {
        routedTo = part.by.host
        recordRoute(llm, part, isFirst, stages.modelThere(routedTo, model.name))
      } else if (part.type === 'done') {
        timeline.mark('replyDone', now)
        recordStatistics(llm, part.statistics)
        llm.cold = part.cold
      }
    }
  } finally {
    release()
  }
  return calls
}

/**
 * Whatever was known before was known of any of the router's hosts. The first reply of a turn says whether it came back to the host of
 * its conversation; later ones, after tools, only whether it stayed there.
 */
function recordRoute(
  llm: LlmTimings,
  { by, affinity: isSame }: Extract<LeasedPart, { type: 'routed' }>,
  isFirst: boolean,
  there: ReturnType<AnswerContext['stages']['modelThere']>,
): void {
  const { digest = null, quantization = null, parameterSize = null } = there ?? {}
  const { host, queueMs, retries } = by
  const affinity = isFirst ? isSame : llm.affinity && isSame
  const sum = (before: number | null | undefined, more: number | null) =>
    more === null ? (before ?? null) : (before ?? 0) + more
  Object.assign(llm, { host, affinity, cold: null, digest, quantization, parameterSize })
  llm.routerQueueMs = sum(llm.routerQueueMs, queueMs)
  llm.retries = sum(llm.retries, retries)
}

/** Of a turn that called tools the sums; its prompt is the last one. */
function recordStatistics(llm: LlmTimings, { totalMs, ...figures }: ReplyStatistics): void {
  const { doneReason, promptTokens, cachedPromptTokens, ...spent } = figures
  const usedMs = (spent.loadMs ?? 0) + (spent.promptEvalMs ?? 0) + (spent.evalMs ?? 0)
  const residualMs = totalMs === null ? null : Math.max(0, totalMs - usedMs)
  Object.assign(llm, { doneReason, promptTokens, cachedPromptTokens })
  for (const [name, more] of Object.entries({ ...spent, residualMs })) {
    const key = name as keyof typeof spent | 'residualMs'
    llm[key] = more === null ? llm[key] : (llm[key] ?? 0) + more
  }
  const { outputTokens, evalMs } = llm
  if (outputTokens !== null && outputTokens > 0 && evalMs !== null && evalMs > 0) {
    llm.tokensPerSecond = (outputTokens / evalMs) * 1000
    llm.timePerOutputTokenMs = evalMs / outputTokens
  }
}
