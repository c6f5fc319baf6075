import { describe, expect, test } from 'vitest'
import type { LevelGroup } from '../../../client/models/modelGroups.ts'
import { comparedWith, type Groups, otherChoice } from '../../../client/pair/choices.ts'
import { type Sides, sidesAfter } from '../../../client/pair/pairTurns.ts'
import { wavBlob } from '../../../client/recording/wavBlob.ts'
import { decodeAudio } from '../../../server/audio/decodeAudio.ts'
import { makeTurn } from '../../support/record/records.ts'

const group = (family: string, ...names: string[]): LevelGroup => ({
  ...{ family, parameterSize: null, licence: null },
  levels: names.map(name => ({
    name: name.replace('!', ''),
    ...{ level: name, sizeBytes: null, loaded: false, residentBytes: null, installed: !name.endsWith('!') },
  })),
})

const groups = (language: LevelGroup[], speech: LevelGroup[] = []): Groups => ({ language, speech })

describe('beside what is in use is offered', () => {
  const inUse = { llmModel: 'a:1b-q4', speechModel: 's-q8' }
  test.each([
    [
      'another level of the same tag',
      groups([group('a', 'a:1b-q8', 'a:1b-q4')]),
      { llmModel: 'a:1b-q8', speechModel: 's-q8' },
    ],
    [
      'one that is here',
      groups([group('a', 'a:1b-f16!', 'a:1b-q4', 'a:1b-q2')]),
      { llmModel: 'a:1b-q2', speechModel: 's-q8' },
    ],
    [
      'another speech level, where the tag has no other',
      groups([group('a', 'a:1b-q4')], [group('s', 's-q8', 's-q4')]),
      { llmModel: 'a:1b-q4', speechModel: 's-q4' },
    ],
    [
      'another model, where neither has',
      groups([group('a', 'a:1b-q4'), group('b', 'b:2b')]),
      { llmModel: 'b:2b', speechModel: 's-q8' },
    ],
    ['the same, where there is nothing else', groups([group('a', 'a:1b-q4')]), inUse],
  ])('%s', (_what, there, other) => {
    expect(otherChoice(there, inUse)).toEqual(other)
  })
})

test('is compared only what differs, and of a typed question no speech level', () => {
  const one = { llmModel: 'a', speechModel: 's' }
  expect(comparedWith(one, { llmModel: 'b', speechModel: 's' }, true)).toEqual({ llmModel: 'b' })
  expect(comparedWith(one, { llmModel: 'a', speechModel: 't' }, true)).toEqual({ speechModel: 't' })
  expect(comparedWith(one, { llmModel: 'a', speechModel: 't' }, false)).toBeNull()
  expect(comparedWith(one, one, true)).toBeNull()
})

describe('two answers', () => {
  const { record } = makeTurn(203)
  const pair = { type: 'pair', pairId: 'p', turnIds: ['a', 'b'] } as const
  const told = (...messages: Parameters<typeof sidesAfter>[1][]) =>
    messages.reduce<Sides | null>(sidesAfter, null)

  test('come each on its own side, the second while the first is over', () => {
    const sides = told(
      pair,
      { type: 'reply.delta', turnId: 'b', text: 'To ' },
      { type: 'reply.delta', turnId: 'b', text: 'B' },
      { type: 'audio.done', turnId: 'b', audioMs: 10, url: '/b.wav' },
      { type: 'turn.done', turnId: 'b', outcome: 'completed', timings: record },
      { type: 'transcript.final', turnId: 'a', text: 'Hm?' },
    )
    expect(sides?.[1]).toMatchObject({ state: 'over', reply: 'To B', audioUrl: '/b.wav', record })
    expect(sides?.[0]).toMatchObject({ state: 'asked', transcript: 'Hm?', reply: '', record: null })
  })

  test('are what the server says at the end, not what came before', () => {
    const sides = told(
      pair,
      { type: 'reply.delta', turnId: 'a', text: 'thought' },
      { type: 'reply.done', turnId: 'a', text: 'said' },
    )
    expect(sides?.[0].reply).toBe('said')
    expect(sides?.[1]).toMatchObject({ state: 'waiting', reply: '' })
  })

  test('that fail say what mends it', () => {
    const error = {
      type: 'error',
      code: 'x',
      message: 'No.',
      recoverable: true,
      mend: 'Do that.',
      turnId: 'a',
    } as const
    expect(told(pair, error)?.[0].trouble).toBe('No. Do that.')
  })

  test('are not there before the pair is told', () => {
    expect(told({ type: 'reply.delta', turnId: 'a', text: 'early' })).toBeNull()
  })
})

test('frames of the microphone are a WAV file with all samples', async () => {
  const frames = [Int16Array.of(1, -2, 3), Int16Array.of(-32768, 32767)]
  const blob = wavBlob(
    frames.map(({ buffer }) => buffer),
    16_000,
  )
  const file = Buffer.from(await blob.arrayBuffer())
  const limits = { maxBytes: 1000, maxSeconds: 1 }
  const { samples } = await decodeAudio(file, limits, new AbortController().signal)
  expect([...samples]).toEqual([1, -2, 3, -32768, 32767])
})
