import { describe, expect, test } from 'vitest'
import type { TurnRecord } from '../../../server/protocol/record.ts'
import { createModelLabels } from '../../../server/telemetry/modelLabels.ts'
import { makeTurn } from '../../support/record/records.ts'

/** The models of a turn; `found` is whether there is a model by the name, so that the record has its digest. */
function turnWith(llm: string | null, speech: string | null, found = true): TurnRecord {
  const { record } = makeTurn(1)
  const digest = found ? 'd'.repeat(64) : null
  return {
    ...record,
    llm: { ...record.llm, model: llm, digest: llm === null ? null : digest },
    speech: { ...record.speech, model: speech, digest: speech === null ? null : digest },
  }
}

describe('model names as labels', () => {
  test('are those of models that were found, or that the operator set', () => {
    const labelsOf = createModelLabels(['set-llm', 'set-speech'])
    expect(labelsOf(turnWith('a', 'b'))).toEqual({ llm_model: 'a', speech_model: 'b' })
    expect(labelsOf(turnWith('set-llm', 'set-speech', false))).toEqual({
      llm_model: 'set-llm',
      speech_model: 'set-speech',
    })
    expect(labelsOf(turnWith('written', 'by a client', false))).toEqual({
      llm_model: 'other',
      speech_model: 'other',
    })
    expect(labelsOf(turnWith('a', null))).toEqual({ llm_model: 'a', speech_model: 'none' })
  })

  test('stay themselves in turns that end before the model is looked up', () => {
    const labelsOf = createModelLabels([])
    expect(labelsOf(turnWith('a', 'b', false)).llm_model).toBe('other')
    labelsOf(turnWith('a', 'b'))
    expect(labelsOf(turnWith('a', 'b', false))).toEqual({ llm_model: 'a', speech_model: 'b' })
  })

  test('are limited to so many pairs, whatever is pulled and tried', () => {
    const labelsOf = createModelLabels([], 3)
    const seen = new Set<string>()
    for (let i = 0; i < 100; i++) seen.add(JSON.stringify(labelsOf(turnWith(`llm-${i}`, `speech-${i % 7}`))))
    expect(seen.size).toBe(4)
    expect(labelsOf(turnWith('llm-0', 'speech-0')).llm_model).toBe('llm-0')
    expect(labelsOf(turnWith('llm-99', 'speech-0'))).toEqual({ llm_model: 'other', speech_model: 'other' })
  })
})
