import type { Speculation, TurnRecord } from '../protocol/record.ts'
import type { EndedTurn } from '../record/turnRecord.ts'

type Attributes = Record<string, string | number | boolean | string[]>

/** A span before it is one of OpenTelemetry's; times are Unix milliseconds. */
export type SpanPlan = {
  name: string
  kind: 'internal' | 'client'
  startMs: number
  endMs: number
  attributes: Attributes
  /** Code of the error that ended the turn in this span. */
  errorCode: string | null
}

type TurnPlan = { turn: SpanPlan; stages: SpanPlan[] }

/**
 * A turn as spans: one for the turn, a child for each stage whose beginning was marked. A stage that was broken off
 * has no mark of its own end and ends with the turn. Attributes have the record's names under `quantvox.`, and those
 * of the GenAI conventions (https://github.com/open-telemetry/semantic-conventions-genai) where there are such.
 *
 * @param endedAtMs when the turn was over
 */
export function planSpans({ record, speechEndedAtMs }: EndedTurn, endedAtMs: number): TurnPlan {
  const { fromSpeechEnd, speech, llm, synthesis, memory, speculation, errorCode } = record
  const startedAtMs = Date.parse(record.startedAt)
  const speechEndMs = speechEndedAtMs ?? startedAtMs
  const at = (ms: number | null) => (ms === null ? null : speechEndMs + ms)
  const stages: SpanPlan[] = []
  /** Left out where the stage did not begin. */
  const stage = (
    name: string,
    kind: SpanPlan['kind'],
    startMs: number | null,
    endMs: number | null,
    attributes: Attributes,
  ) => {
    if (startMs === null) return
    const brokenOff = endMs === null ? errorCode : null
    stages.push({ name, kind, startMs, endMs: endMs ?? endedAtMs, attributes, errorCode: brokenOff })
  }

  const transcriptAt = at(fromSpeechEnd.transcriptMs)
  const firstTokenAt = at(fromSpeechEnd.firstTokenMs)
  const speechEndAt = speechEndedAtMs
  if (fromSpeechEnd.turnDecidedMs !== null)
    stage('detect end of turn', 'internal', speechEndAt, at(fromSpeechEnd.turnDecidedMs), {})
  if (speech.audioMs !== null)
    stage(`transcribe ${speech.model}`, 'client', speechEndAt, transcriptAt, under('speech', speech))
  // It was asked so long before its first token, unless at a pause already; where none came, once there was a question.
  const used = record.speculation?.attempts.find(({ outcome }) => outcome === 'used')
  const askedAt =
    firstTokenAt === null || llm.timeToFirstTokenMs === null
      ? (transcriptAt ?? speechEndAt)
      : (at(used?.startedMs ?? null) ?? firstTokenAt - llm.timeToFirstTokenMs)
  if (llm.queueMs !== null)
    stage(`chat ${llm.model}`, 'client', askedAt, at(fromSpeechEnd.replyDoneMs), chatAttributes(record))
  if (synthesis.inferenceMs !== null)
    stage(
      `speak ${synthesis.voice}`,
      'client',
      at(fromSpeechEnd.firstClauseMs),
      at(fromSpeechEnd.firstAudioMs),
      {
        ...under('synthesis', synthesis),
        'gen_ai.output.type': 'speech',
      },
    )
  stage('playback', 'internal', at(fromSpeechEnd.playbackStartedMs), endedAtMs, {})

  return {
    turn: {
      name: 'turn',
      kind: 'internal',
      startMs: Math.min(startedAtMs, speechEndMs),
      endMs: endedAtMs,
      attributes: {
        'quantvox.turnId': record.turnId,
        'quantvox.source': record.source,
        'quantvox.outcome': record.outcome,
        'gen_ai.conversation.id': record.conversationId,
        ...(record.sessionId === null ? {} : { 'session.id': record.sessionId }),
        ...under('fromSpeechEnd', fromSpeechEnd),
        ...under('memory', memory),
        ...(speculation === null ? {} : under('speculation', figuresOf(speculation))),
      },
      errorCode,
    },
    stages,
  }
}

/** Without the lists of what was asked. */
const figuresOf = ({ attempts: _each, detector: _heard, ...figures }: Speculation) => figures

/** What is known of a group of the record, by its own names. */
function under(group: string, fields: Record<string, string | number | boolean | null>): Attributes {
  const known = Object.entries(fields).filter(
    (entry): entry is [string, string | number | boolean] => entry[1] !== null,
  )
  return Object.fromEntries(known.map(([name, value]) => [`quantvox.${group}.${name}`, value]))
}

function chatAttributes({ llm, conversationId }: TurnRecord): Attributes {
  // A router's name for a host is no URL.
  const server = llm.host === null ? null : URL.parse(llm.host)
  const known: Record<string, Attributes[string] | null> = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'ollama',
    'gen_ai.conversation.id': conversationId,
    'gen_ai.request.model': llm.model,
    'gen_ai.request.stream': true,
    'gen_ai.response.finish_reasons': llm.doneReason === null ? null : [llm.doneReason],
    // Seconds there.
    'gen_ai.response.time_to_first_chunk':
      llm.timeToFirstTokenMs === null ? null : llm.timeToFirstTokenMs / 1000,
    'gen_ai.usage.input_tokens': llm.promptTokens,
    'gen_ai.usage.output_tokens': llm.outputTokens,
    'gen_ai.usage.cache_read.input_tokens': llm.cachedPromptTokens,
    'server.address': server?.hostname ?? llm.host,
    'server.port': server === null ? null : Number(server.port || (server.protocol === 'https:' ? 443 : 80)),
  }
  const conventional = Object.entries(known).filter(
    (entry): entry is [string, Attributes[string]] => entry[1] !== null,
  )
  return { ...under('llm', llm), ...Object.fromEntries(conventional) }
}
