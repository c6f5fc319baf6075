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

  test('has a metric for each field', () => {
    expect(stageMetricName('playbackStartedMs')).toBe('quantvox_turn_playback_started_seconds')
  })
})
