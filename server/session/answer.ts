import type { SpokenAudio } from '../audio/pcm.ts'
import type { ChatMessage, ReplyStatistics } from '../llm/respond.ts'
import type { LanguageModel } from '../protocol/models.ts'
import type { LlmTimings } from '../protocol/record.ts'
import { createClauseSplitter } from '../voice/clauses.ts'
import { createSpeaker, type SpokenClause } from './speaker.ts'
import type { Clause, Stages } from './stages.ts'
import type { Turn } from './turn.ts'

export type AnswerListener = {
  delta(text: string): void
  done(reply: string): void
  audio(audio: SpokenAudio, clause: Clause): Promise<void> | void
  /** All audio of a clause was taken. */
  clause?(clause: SpokenClause): void
}

export type Answer = { reply: string; clauses: SpokenClause[] }

/**
 * Asks the LLM and speaks its answer while it streams. What is measured goes into the turn's draft at once, so that
 * a failure or an interruption keeps it.
 */
export async function answer(
  messages: ChatMessage[],
  model: LanguageModel,
  voice: string,
  stages: Stages,
  turn: Turn,
  listener: AnswerListener,
  signal: AbortSignal,
): Promise<Answer> {
  const { draft, timeline } = turn
  const llm = draft.llm
  llm.model = model.name
  llm.digest = model.digest
  llm.quantization = model.quantization
  llm.parameterSize = model.parameterSize
  draft.synthesis.voice = voice
  const { speak } = stages.voice(voice)
  const failed = new AbortController()
  const speaking = AbortSignal.any([signal, failed.signal])
  const speaker =
    speak && createSpeaker(speak, listener.audio, draft.synthesis, timeline, speaking, listener.clause)
  const splitter = createClauseSplitter()
  const say = (clauses: ReturnType<typeof splitter.push>) => {
    for (const clause of clauses) {
      timeline.mark('firstClause')
      speaker?.say(clause)
    }
  }

  const lease = await stages.llm.acquire(model, turn.owner, signal)
  llm.host = lease.host
  llm.queueMs = lease.queueMs
  llm.cold = lease.cold
  const reply: string[] = []
  try {
    const askedAt = performance.now()
    let thinkingSince: number | null = null
    for await (const part of lease.respond(messages, signal)) {
      const now = performance.now()
      if (part.type === 'thinking') {
        thinkingSince ??= now
        llm.thinkingMs = now - thinkingSince
      } else if (part.type === 'text') {
        llm.timeToFirstTokenMs ??= now - askedAt
        if (reply.length === 0) turn.watchMemory(stages, model)
        timeline.mark('firstToken', now)
        reply.push(part.text)
        listener.delta(part.text)
        say(splitter.push(part.text))
      } else {
        timeline.mark('replyDone', now)
        recordStatistics(llm, part.statistics)
      }
    }
  } catch (error) {
    // Nothing of this turn may be heard after it has ended.
    failed.abort(error)
    await speaker?.finish().catch(() => {})
    throw error
  } finally {
    lease.release()
    turn.reply = reply.join('')
  }
  say(splitter.flush())
  listener.done(turn.reply)
  return { reply: turn.reply, clauses: (await speaker?.finish()) ?? [] }
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
