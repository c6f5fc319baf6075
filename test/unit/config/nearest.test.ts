import { describe, expect, it } from 'vitest'
import { nearestHint, nearestNames } from '../../../server/nearest.ts'
import { catalog } from '../../../server/setup/catalog.ts'
import { speechLevels } from '../../../server/setup/whisper/speech.ts'

describe('nearest names', () => {
  const names = speechLevels(catalog.speech).map(level => level.name)

  it('come for a slip of the finger, best first', () => {
    expect(nearestNames('whisper-tiny.en-q8', names)[0]).toBe('whisper-tiny.en-q8_0')
    expect(nearestNames('wisper-base-q5_1', names)[0]).toBe('whisper-base-q5_1')
    expect(nearestHint('whisper-tiny.en-q8', names)).toMatch(/^The nearest is "whisper-tiny.en-q8_0"/)
  })

  it('are first those that begin or end with what was typed', () => {
    expect(nearestNames('slt', ['alt', 'flite:slt'])).toEqual(['flite:slt', 'alt'])
  })

  it('do not come for something else altogether', () => {
    expect(nearestNames('parakeet', names)).toEqual([])
    expect(nearestHint('parakeet', names)).toBe('Nothing here is named like it.')
  })
})
