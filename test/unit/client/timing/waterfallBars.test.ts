import { describe, expect, test } from 'vitest'
import { type Bar, reachedMs, waterfallBars } from '../../../../client/timing/waterfallBars.ts'
import { type Change, recordOf, visibleMs } from '../../../support/record/waterfallRecords.ts'

const figures = (bars: Bar[]) =>
  bars.map(({ id, startMs, endMs, hiddenMs }) => [id, startMs, endMs, hiddenMs])

const live: Change = {
  fromSpeechEnd: {
    turnDecidedMs: 500,
    transcriptMs: 620,
    firstTokenMs: 720,
    firstClauseMs: 800,
    firstAudioMs: 840,
  },
  speech: { queueMs: 10, inferenceMs: 400, cold: false },
  llm: { queueMs: 5, timeToFirstTokenMs: 90, loadMs: 20, promptEvalMs: 60, cold: false },
}

describe('a live turn', () => {
  test('has the transcription that began in the silence, and what of it the silence hid', () => {
    expect(figures(waterfallBars(recordOf(live)))).toEqual([
      ['silence', 0, 500, 0],
      ['speechQueue', 210, 220, 10],
      ['transcription', 220, 620, 280],
      ['prepareAnswer', 620, 625, 0],
      ['llmQueue', 625, 630, 0],
      ['llmSchedule', 630, 650, 0],
      ['promptEvaluation', 650, 710, 0],
      ['firstToken', 710, 720, 0],
      ['firstClause', 720, 800, 0],
      ['firstAudio', 800, 840, 0],
    ])
  })

  test.each([
    // The token was there before the silence was over, and was held back.
    [
      240,
      330,
      512,
      [
        ['llmSchedule', 240, 260, 20],
        ['promptEvaluation', 260, 320, 60],
        ['firstToken', 320, 330, 10],
        ['release', 500, 512, 0],
      ],
    ],
    [
      430,
      520,
      521,
      [
        ['llmSchedule', 430, 450, 20],
        ['promptEvaluation', 450, 510, 50],
        ['firstToken', 510, 520, 0],
        ['release', 520, 521, 0],
      ],
    ],
    // The turn before was still being heard.
    [
      240,
      330,
      900,
      [
        ['llmSchedule', 240, 260, 20],
        ['promptEvaluation', 260, 320, 60],
        ['firstToken', 320, 330, 10],
        ['release', 500, 900, 0],
      ],
    ],
  ])(
    'asked at %i ms, at a pause, has what of that the silence hid',
    (startedMs, tokenReadyMs, releasedMs, expected) => {
      const attempt = { promptTokens: 30, outputTokens: 20, firstTokenMs: 90, engineMs: 300 }
      const bars = waterfallBars(
        recordOf({
          fromSpeechEnd: {
            turnDecidedMs: 500,
            transcriptMs: 230,
            firstTokenMs: releasedMs,
            firstClauseMs: 950,
          },
          speech: { queueMs: 0, inferenceMs: 100, cold: false },
          llm: { queueMs: 0, timeToFirstTokenMs: 90, loadMs: 20, promptEvalMs: 60, cold: false },
          speculation: {
            attempts: [
              { ...attempt, startedMs: -900, outcome: 'resumed' },
              { ...attempt, startedMs, outcome: 'used' },
            ],
            ...{
              pauses: 2,
              revisions: 1,
              reopened: 0,
              wastedOutputTokens: 20,
              wastedEngineMs: 300,
              tokenReadyMs,
            },
            ...{ tokenReleasedMs: releasedMs, gateHeldMs: releasedMs - tokenReadyMs, savedMs: 90 },
          },
        }),
      )
      expect(figures(bars).slice(2)).toEqual([...expected, ['firstClause', releasedMs, 950, 0]])
      expect(visibleMs(bars)).toBe(950)
    },
  )

  test('whose transcript was there before the silence was over waited for nothing but the silence', () => {
    const bars = waterfallBars(
      recordOf({ ...live, fromSpeechEnd: { turnDecidedMs: 500, transcriptMs: 470 } }),
    )
    expect(bars.find(({ id }) => id === 'transcription')).toMatchObject({ ms: 400, hiddenMs: 400 })
  })

  test('ends its playback bar where the client began to play', () => {
    const played = recordOf({ ...live, fromSpeechEnd: { ...live.fromSpeechEnd, playbackStartedMs: 910 } })
    expect(waterfallBars(played).at(-1)).toMatchObject({
      id: 'playbackStart',
      startMs: 840,
      endMs: 910,
      ms: 70,
    })
  })

  test('by push-to-talk waits for the button, not for silence', () => {
    const pushed = recordOf({
      fromSpeechEnd: { commitMs: 180, turnDecidedMs: 190, transcriptMs: 400 },
      speech: { inferenceMs: 200 },
    })
    expect(figures(waterfallBars(pushed))).toEqual([
      ['silence', 0, 180, 0],
      ['decision', 180, 190, 0],
      ['prepareSpeech', 190, 200, 0],
      ['transcription', 200, 400, 0],
    ])
    expect(waterfallBars(pushed)[0]?.label).toBe('Until you let go')
  })
})

describe('other turns', () => {
  test('a typed one has no speech', () => {
    const typed = recordOf({
      fromSpeechEnd: { firstTokenMs: 60, firstClauseMs: 90 },
      llm: { queueMs: 0, timeToFirstTokenMs: 55, loadMs: 20, promptEvalMs: 30 },
    })
    expect(waterfallBars(typed).map(({ id }) => id)).toEqual([
      'prepareAnswer',
      'llmSchedule',
      'promptEvaluation',
      'firstToken',
      'firstClause',
    ])
  })

  test('a cold one says what was loaded, and for how long', () => {
    const cold = recordOf({
      fromSpeechEnd: { transcriptMs: 1500, firstTokenMs: 2100 },
      speech: { queueMs: 0, inferenceMs: 300, cold: true },
      llm: { queueMs: 0, timeToFirstTokenMs: 600, loadMs: 412, promptEvalMs: 100, cold: true },
    })
    expect(figures(waterfallBars(cold))).toEqual([
      ['speechLoad', 0, 1200, 0],
      ['transcription', 1200, 1500, 0],
      ['llmLoad', 1500, 1912, 0],
      ['promptEvaluation', 1912, 2012, 0],
      ['firstToken', 2012, 2100, 0],
    ])
  })

  test('one that failed while it waited for the model ends with the wait', () => {
    const failed = recordOf({
      fromSpeechEnd: { transcriptMs: 300 },
      speech: { inferenceMs: 300 },
      llm: { queueMs: 20 },
    })
    expect(figures(waterfallBars(failed))).toEqual([
      ['transcription', 0, 300, 0],
      ['llmQueue', 300, 320, 0],
    ])
  })

  test('one that was interrupted before Ollama gave its figures has the wait for the first token in one', () => {
    const cut = recordOf({
      fromSpeechEnd: { firstTokenMs: 100 },
      llm: { queueMs: 0, timeToFirstTokenMs: 100 },
    })
    expect(figures(waterfallBars(cut))).toEqual([['firstToken', 0, 100, 0]])
  })

  test('one whose figures by Ollama do not fit our clock has the wait in one', () => {
    const odd = recordOf({
      fromSpeechEnd: { firstTokenMs: 100 },
      llm: { queueMs: 0, timeToFirstTokenMs: 90, loadMs: 50, promptEvalMs: 45 },
    })
    expect(figures(waterfallBars(odd))).toEqual([
      ['prepareAnswer', 0, 10, 0],
      ['firstToken', 10, 100, 0],
    ])
  })

  test('thinking ends with the first token', () => {
    const thought = recordOf({
      fromSpeechEnd: { firstTokenMs: 1000 },
      llm: { queueMs: 0, timeToFirstTokenMs: 1000, promptEvalMs: 100, thinkingMs: 850 },
    })
    expect(figures(waterfallBars(thought))).toEqual([
      ['promptEvaluation', 0, 100, 0],
      ['beforeThinking', 100, 150, 0],
      ['thinking', 150, 1000, 0],
    ])
  })

  test('one of which nothing is known has no bars', () => {
    expect(waterfallBars(recordOf({}))).toEqual([])
    expect(reachedMs([])).toBe(0)
  })
})
