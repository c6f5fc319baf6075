import { describe, expect, test } from 'vitest'
import type { TurnRecord } from '../../../server/protocol/record.ts'
import { planSpans } from '../../../server/telemetry/turnSpans.ts'
import { makeTurn } from '../../support/record/records.ts'

const SPEECH_END_MS = Date.UTC(2026, 10, 1)

/** A turn that began 2 s before speech end and took 4 s after it. */
function plan(change: Partial<TurnRecord> = {}, speechEndedAtMs: number | null = SPEECH_END_MS) {
  const { record } = makeTurn(1, { startedAt: new Date(SPEECH_END_MS - 2000).toISOString(), ...change })
  return { record, ...planSpans({ record, speechEndedAtMs }, SPEECH_END_MS + 4000) }
}

const none = {
  turnDecidedMs: null,
  commitMs: null,
  transcriptMs: null,
  firstTokenMs: null,
  firstClauseMs: null,
  firstAudioMs: null,
  playbackStartedMs: null,
  replyDoneMs: null,
}

/** Name, start and end of each stage, milliseconds from speech end. */
const timesOf = ({ stages }: ReturnType<typeof plan>) =>
  stages.map(({ name, startMs, endMs }) => [name, startMs - SPEECH_END_MS, endMs - SPEECH_END_MS])

describe('the spans of a turn', () => {
  test('lie on the wall clock where the marks of the record were', () => {
    const planned = plan({
      fromSpeechEnd: {
        turnDecidedMs: 500,
        commitMs: null,
        transcriptMs: 550,
        firstTokenMs: 650,
        firstClauseMs: 800,
        firstAudioMs: 850,
        playbackStartedMs: 900,
        replyDoneMs: 1500,
      },
      llm: { ...makeTurn(1).record.llm, timeToFirstTokenMs: 90 },
    })
    expect([planned.turn.startMs - SPEECH_END_MS, planned.turn.endMs - SPEECH_END_MS]).toEqual([-2000, 4000])
    expect(timesOf(planned)).toEqual([
      ['detect end of turn', 0, 500],
      ['transcribe whisper-tiny.en-q8_0', 0, 550],
      ['chat smollm2:135m-instruct-q8_0', 560, 1500],
      ['speak flite:slt', 800, 850],
      ['playback', 900, 4000],
    ])
  })

  test('have the model asked when it was, at a pause before the turn was over', () => {
    const attempt = { promptTokens: 30, outputTokens: 7, firstTokenMs: 90, engineMs: 200 }
    const attempts = [
      { ...attempt, startedMs: -700, outcome: 'resumed' as const },
      { ...attempt, startedMs: 300, outcome: 'used' as const },
    ]
    const figures = { pauses: 2, revisions: 1, reopened: 0, wastedOutputTokens: 7, wastedEngineMs: 200 }
    const released = { tokenReadyMs: 390, tokenReleasedMs: 560, gateHeldMs: 170, savedMs: 90 }
    const detector = [{ silenceMs: 64, probability: 0.98, inferenceMs: 41 }]
    const ended = { detector, decidedBy: 'sure', textState: 'closed' } as const
    const planned = plan({
      fromSpeechEnd: { ...none, turnDecidedMs: 500, transcriptMs: 250, firstTokenMs: 560, replyDoneMs: 1500 },
      llm: { ...makeTurn(1).record.llm, timeToFirstTokenMs: 90 },
      speculation: { ...figures, ...released, ...ended, attempts },
    })
    expect(timesOf(planned)).toContainEqual(['chat smollm2:135m-instruct-q8_0', 300, 1500])
    expect(planned.turn.attributes).toMatchObject({
      'quantvox.speculation.savedMs': 90,
      'quantvox.speculation.wastedOutputTokens': 7,
      'quantvox.speculation.decidedBy': 'sure',
    })
  })

  test('begin with the arrival of a question that came just before its turn', () => {
    const startedAt = new Date(SPEECH_END_MS + 3).toISOString()
    expect(plan({ startedAt }).turn.startMs).toBe(SPEECH_END_MS)
  })

  test('say in which stage a turn failed, which then ends with the turn', () => {
    const { turn, stages } = plan({
      outcome: 'failed',
      errorCode: 'engine_failed',
      fromSpeechEnd: { ...none, transcriptMs: 400 },
    })
    expect(turn.errorCode).toBe('engine_failed')
    expect(stages.map(({ name, startMs, endMs, errorCode }) => [name, startMs, endMs, errorCode])).toEqual([
      ['transcribe whisper-tiny.en-q8_0', SPEECH_END_MS, SPEECH_END_MS + 400, null],
      ['chat smollm2:135m-instruct-q8_0', SPEECH_END_MS + 400, SPEECH_END_MS + 4000, 'engine_failed'],
    ])
  })

  test('are only the turn where no end of speech was found', () => {
    const { turn, stages } = plan({ outcome: 'discarded', fromSpeechEnd: none }, null)
    expect(turn.startMs).toBe(SPEECH_END_MS - 2000)
    expect(stages).toEqual([])
  })

  test('have the attributes of the GenAI conventions, seconds and lists as those want them', () => {
    const { record, stages } = plan()
    const chat = stages.find(({ name }) => name.startsWith('chat '))
    expect(chat?.kind).toBe('client')
    expect(chat?.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'ollama',
      'gen_ai.conversation.id': record.conversationId,
      'gen_ai.request.model': record.llm.model,
      'gen_ai.request.stream': true,
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.response.time_to_first_chunk': (record.llm.timeToFirstTokenMs ?? 0) / 1000,
      'gen_ai.usage.input_tokens': record.llm.promptTokens,
      'gen_ai.usage.output_tokens': record.llm.outputTokens,
      'server.address': '127.0.0.1',
      'server.port': 11434,
      'quantvox.llm.evalMs': record.llm.evalMs,
    })
    // Not reported by the server, so not said.
    expect(chat?.attributes).not.toHaveProperty('gen_ai.usage.cache_read.input_tokens')
  })
})
