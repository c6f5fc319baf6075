import type { DecodedAudio } from '../audio/decodedAudio.ts'
import type { SpokenAudio } from '../audio/pcm.ts'
import { QuantvoxError } from '../errors.ts'
import { MAX_REPLY_TOKENS } from '../llm/respond.ts'
import type { Log } from '../log.ts'
import type { TurnMessage } from '../protocol/messages.ts'
import type { LanguageModel } from '../protocol/models.ts'
import type { Source, TurnRecord } from '../protocol/record.ts'
import type { TurnChoices } from '../protocol/turns.ts'
import { answer } from './answer.ts'
import { errorMessage } from './errorMessage.ts'
import { hear } from './hear.ts'
import { withinPatience } from './patience.ts'
import type { Stages } from './stages.ts'
import { beginTurn, brokenBy, type Turn } from './turn.ts'

export type OneShotRequest = {
  /** A clip still to be decoded, so that a clip that is no audio still leaves its row; or what was typed. */
  input: { decode(signal: AbortSignal): Promise<DecodedAudio> } | { text: string }
  choices: TurnChoices
  source: Source
  /** When the body's last byte, or the message, arrived: `performance.now()` milliseconds. */
  arrivedAtMs: number
}

export type OneShotListener = {
  message(message: TurnMessage): void
  audio(turnId: string, audio: SpokenAudio): void
  /** All audio has come; true if it can be had by its link. Waited for before `audio.done`. */
  spoken(turnId: string, question: DecodedAudio | null): Promise<boolean>
}

export type OneShotResult = {
  record: TurnRecord
  transcript: string
  reply: string
  question: DecodedAudio | null
  error: QuantvoxError | null
}

/**
 * One whole turn without a session: a clip or a typed question in, an answer out, its row written whatever happens.
 * Never rejects for what goes wrong in the turn: the result's `error` and the record's outcome say it.
 */
export async function runOneShot(
  request: OneShotRequest,
  stages: Stages,
  listener: OneShotListener,
  log: Log,
  signal: AbortSignal,
): Promise<OneShotResult> {
  const conversation = stages.conversations.open(request.choices.conversationId)
  const { appVersion } = stages.settings
  const beginning = { conversationId: conversation.id, sessionId: null, source: request.source, appVersion }
  const turn = beginTurn(beginning, stages, log)
  turn.timeline.mark('speechEnd', request.arrivedAtMs)
  let question: DecodedAudio | null = null

  const finish = async (...end: Parameters<Turn['end']>): Promise<OneShotResult> => {
    const record = await turn.end(...end)
    const { outcome, turnId } = record
    const error = end[1] ?? null
    if (error) listener.message(errorMessage(error, { turnId }))
    const errorCode = error ? { errorCode: error.code } : {}
    listener.message({ type: 'turn.done', turnId, outcome, ...errorCode, timings: record })
    return { record, transcript: turn.transcript ?? '', reply: turn.reply ?? '', question, error }
  }

  // A question that asks for what there is not is refused before it is heard.
  const refused = new AbortController()
  const hearing = AbortSignal.any([signal, refused.signal])

  try {
    const { choices, input } = request
    const voice = choices.voice ?? stages.settings.voice
    stages.voice(voice)
    const llmName = choices.llmModel ?? (await withinPatience(stages.settings.llmModel()))
    const finding = withinPatience(stages.languageModel(llmName, signal))
    finding.catch((error: unknown) => {
      if (error instanceof QuantvoxError && error.code === 'model_not_found') refused.abort(error)
    })
    turn.draft.llm.model = llmName
    if ('text' in input) {
      turn.transcript = input.text.trim()
    } else {
      turn.draft.speech.model = choices.speechModel ?? stages.settings.speechModel
      const level = withinPatience(stages.speechLevel(turn.draft.speech.model, hearing))
      level.catch(() => {})
      question = await input.decode(hearing)
      turn.transcript = await hear(question, await level, choices.language ?? null, stages, turn, hearing)
      if (turn.transcript === null) return await finish('no-speech')
      listener.message({ type: 'transcript.final', turnId: turn.turnId, text: turn.transcript })
    }
    await reply(await finding, voice)
    conversation.append(turn.transcript, turn.heardText ?? '')
    return await finish('completed')
  } catch (error) {
    const { outcome, error: failure } = brokenBy(
      refused.signal.aborted ? refused.signal.reason : error,
      signal,
    )
    if (failure?.code === 'internal') log.error({ err: failure, turnId: turn.turnId }, 'turn failed')
    return await finish(outcome, failure)
  }

  async function reply(model: LanguageModel, voice: string): Promise<void> {
    const { turnId } = turn
    const messages = conversation.prompt({
      systemPrompt: stages.settings.systemPrompt,
      userText: turn.transcript ?? '',
      contextTokens: stages.settings.contextTokens,
      reserveTokens: MAX_REPLY_TOKENS,
    })
    let audioMs = 0
    await answer(
      messages,
      model,
      voice,
      stages,
      turn,
      {
        delta: text => listener.message({ type: 'reply.delta', turnId, text }),
        done: text => listener.message({ type: 'reply.done', turnId, text }),
        audio: audio => {
          if (audioMs === 0) listener.message({ type: 'audio.started', turnId, sampleRate: audio.sampleRate })
          audioMs += (audio.samples.length / audio.sampleRate) * 1000
          listener.audio(turnId, audio)
        },
      },
      signal,
    )
    conversation.observe(messages, turn.draft.llm.promptTokens)
    turn.heardText = turn.reply
    if (audioMs > 0) {
      const linked = await listener.spoken(turnId, question)
      const link = linked ? { url: `/v1/turns/${turnId}/reply.wav` } : {}
      listener.message({ type: 'audio.done', turnId, audioMs, ...link })
    }
  }
}
