import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { reachedMs, waterfallBars } from '../../../../client/timing/waterfallBars.ts'
import { makeTurn, makeTurns } from '../../../support/record/records.ts'
import { type Change, recordOf, visibleMs } from '../../../support/record/waterfallRecords.ts'

/** Durations of a turn that got to its end; the record that they make. */
const duration = fc.double({ min: 0, max: 5000, noNaN: true })
const wholeTurn = fc
  .record({
    silence: fc.option(duration),
    queue: duration,
    inference: duration,
    /** From the end of the silence, or speech end, to the request; negative where it began in the silence. */
    offset: fc.double({ min: -5000, max: 5000, noNaN: true }),
    prepare: duration,
    llmQueue: duration,
    load: duration,
    evaluation: duration,
    sampling: duration,
    clause: duration,
    audio: fc.option(duration),
    playback: fc.option(duration),
    cold: fc.boolean(),
  })
  .map(t => {
    const decided = t.silence ?? 0
    const speechFrom = Math.max(0, decided + t.offset) + t.queue
    const transcriptMs = speechFrom + t.inference
    const asked = Math.max(decided, transcriptMs) + t.prepare + t.llmQueue
    const timeToFirstTokenMs = t.load + t.evaluation + t.sampling
    const firstTokenMs = asked + timeToFirstTokenMs
    const firstClauseMs = firstTokenMs + t.clause
    const firstAudioMs = t.audio === null ? null : firstClauseMs + t.audio
    const playbackStartedMs = t.playback === null ? null : (firstAudioMs ?? firstClauseMs) + t.playback
    const { silence: turnDecidedMs, cold } = t
    return recordOf({
      fromSpeechEnd: {
        turnDecidedMs,
        transcriptMs,
        firstTokenMs,
        firstClauseMs,
        firstAudioMs,
        playbackStartedMs,
      },
      speech: { queueMs: t.queue, inferenceMs: t.inference, cold },
      llm: { queueMs: t.llmQueue, timeToFirstTokenMs, loadMs: t.load, promptEvalMs: t.evaluation, cold },
    })
  })

describe('any turn', () => {
  test('that is whole: the visible parts add up to its last moment, and the bars have the figures of the record', () => {
    fc.assert(
      fc.property(wholeTurn, record => {
        const bars = waterfallBars(record)
        const { fromSpeechEnd: at, speech, llm } = record
        const last = at.playbackStartedMs ?? at.firstAudioMs ?? at.firstClauseMs ?? Number.NaN
        expect(visibleMs(bars)).toBeCloseTo(last, 5)
        const recorded = {
          speechQueue: speech.queueMs,
          transcription: speech.inferenceMs,
          llmQueue: llm.queueMs,
          promptEvaluation: llm.promptEvalMs,
        }
        for (const bar of bars) {
          const figure = recorded[bar.id as keyof typeof recorded]
          if (figure !== undefined) expect(bar.ms).toBeCloseTo(figure ?? Number.NaN, 5)
        }
        const answering = bars.filter(({ stage, id }) => stage === 'llm' && id !== 'firstClause')
        const wait = answering.reduce((sum, { ms }) => sum + ms, 0)
        expect(wait).toBeCloseTo(llm.timeToFirstTokenMs ?? Number.NaN, 5)
      }),
    )
  })

  test('that the support records make adds up too', () => {
    for (const { record } of makeTurns(200)) {
      const { firstAudioMs, transcriptMs } = record.fromSpeechEnd
      expect(visibleMs(waterfallBars(record))).toBeCloseTo(firstAudioMs ?? transcriptMs ?? 0, 5)
    }
  })

  test('whatever its figures: no bar is negative, none hides more than itself, none lies outside what was reached', () => {
    const figure = fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true }))
    const some = (names: string[]) => fc.record(Object.fromEntries(names.map(name => [name, figure])))
    fc.assert(
      fc.property(
        some(Object.keys(makeTurn(1).record.fromSpeechEnd)),
        some(['queueMs', 'inferenceMs']),
        some(['queueMs', 'timeToFirstTokenMs', 'loadMs', 'promptEvalMs', 'thinkingMs']),
        (fromSpeechEnd, speech, llm) => {
          const bars = waterfallBars(recordOf({ fromSpeechEnd, speech, llm } as Change))
          for (const { startMs, endMs, ms, hiddenMs } of bars) {
            expect(ms).toBeGreaterThan(0)
            expect(endMs).toBeGreaterThanOrEqual(startMs)
            expect(hiddenMs).toBeGreaterThanOrEqual(0)
            expect(hiddenMs).toBeLessThanOrEqual(ms)
            expect(endMs).toBeLessThanOrEqual(reachedMs(bars))
          }
        },
      ),
    )
  })
})
