import { Registry } from '@prometheus-io/client'
import { describe, expect, test } from 'vitest'
import type { FromSpeechEnd } from '../../../server/protocol/record.ts'
import { createTurnMetrics, stageMetricName } from '../../../server/telemetry/turnMetrics.ts'
import { makeTurn } from '../../support/record/records.ts'

function observing() {
  const registry = new Registry()
  return { registry, observe: createTurnMetrics(registry, []) }
}

function turn(change: Partial<FromSpeechEnd>) {
  const { record } = makeTurn(1)
  return { ...record, fromSpeechEnd: { ...record.fromSpeechEnd, ...change } }
}

describe('a turn in the metrics', () => {
  test('counts in seconds, in the bucket of its milliseconds', async () => {
    const { registry, observe } = observing()
    observe(turn({ firstTokenMs: 420 }))
    const text = await registry.metrics()
    const lines = text.split('\n').filter(line => line.startsWith('quantvox_turn_first_token_seconds'))
    const bucket = (le: string) =>
      lines
        .find(line => line.includes(`le="${le}"`))
        ?.split(' ')
        .at(-1)
    expect([bucket('0.4'), bucket('0.5'), bucket('30'), bucket('+Inf')]).toEqual(['0', '1', '1', '1'])
    expect(lines.find(line => line.includes('_sum'))).toMatch(/ 0\.42$/)
  })

  test('leaves out what is unknown, and never lets a sum fall', async () => {
    const { registry, observe } = observing()
    observe(turn({ firstAudioMs: null, commitMs: -3 }))
    const text = await registry.metrics()
    expect(text).not.toMatch(/^quantvox_turn_first_audio_seconds/m)
    expect(text).toMatch(/^quantvox_turn_commit_seconds_sum\{.*\} 0$/m)
  })

  test('counts what was asked at pauses, and what of it was for nothing', async () => {
    const { registry, observe } = observing()
    observe({ ...turn({}), speculation: null })
    expect(await registry.metrics()).not.toMatch(/speculation_attempts_total\{/)
    const attempt = { startedMs: 300, promptTokens: 30, outputTokens: 7, firstTokenMs: 80, engineMs: 200 }
    const attempts = (['resumed', 'resumed', 'used'] as const).map(outcome => ({ ...attempt, outcome }))
    const waste = { wastedOutputTokens: 14, wastedEngineMs: 400 }
    const released = { tokenReadyMs: 380, tokenReleasedMs: 500, gateHeldMs: 120, savedMs: 80 }
    observe({
      ...turn({}),
      speculation: {
        pauses: 3,
        revisions: 2,
        reopened: 0,
        decidedBy: 'sure',
        attempts,
        ...waste,
        ...released,
      },
    })
    const text = await registry.metrics()
    expect(text).toMatch(/^quantvox_speculation_attempts_total\{outcome="resumed"\} 2$/m)
    expect(text).toMatch(/^quantvox_speculation_attempts_total\{outcome="used"\} 1$/m)
    expect(text).toMatch(/^quantvox_speculation_wasted_tokens_total 14$/m)
    expect(text).toMatch(/^quantvox_speculation_wasted_engine_seconds_total 0\.4$/m)
    expect(text).toMatch(/^quantvox_turn_ends_total\{decided_by="sure"\} 1$/m)
    expect(text).toMatch(/^quantvox_speculation_saved_seconds_sum\{.*\} 0\.08$/m)
  })

  test.each([
    ['moonshine 1.22.0, local process', 'moonshine'],
    ['whisper-server 1.9.1, local process', 'whisper-server'],
    // Whatever its level is called.
    ['whisper-server at http://moonshine:8080', 'whisper-server'],
  ])('waited for the engine that heard it: %s', async (engine, label) => {
    const { registry, observe } = observing()
    const { record } = makeTurn(1)
    observe({ ...record, speech: { ...record.speech, engine, queueMs: 30 } })
    const waits = (await registry.metrics()).match(/^quantvox_queue_wait_seconds_sum.*$/gm)
    expect(waits).toContain(`quantvox_queue_wait_seconds_sum{engine="${label}"} 0.03`)
    expect(waits).toHaveLength(2)
  })

  test('has a metric for each field', () => {
    expect(stageMetricName('playbackStartedMs')).toBe('quantvox_turn_playback_started_seconds')
  })
})
