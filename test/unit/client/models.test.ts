import { describe, expect, test } from 'vitest'
import type { Api } from '../../../client/api.ts'
import { languageGroups, levelNamed, speechGroups, steppedLevel } from '../../../client/models/modelGroups.ts'
import { type PullState, progressInWords, pull, shareDone } from '../../../client/models/pulling.ts'
import { choiceInWords, switchCost } from '../../../client/models/switchCost.ts'
import type { LanguageModel, SpeechModel } from '../../../server/protocol/models.ts'
import type { StreamedEvent } from '../../../server/shared/eventStream.ts'

const tag = (name: string, sizeBytes: number | null, quantization: string | null = null): LanguageModel => ({
  name,
  family: null,
  parameterSize: sizeBytes === null ? null : '135M',
  quantization,
  sizeBytes,
  digest: null,
  installed: sizeBytes !== null,
  loaded: false,
  contextTokens: null,
  residentBytes: null,
  gpuShare: null,
  remote: null,
})

describe('the levels of a model', () => {
  test('stand together by tag, largest first, whether here or not', () => {
    const groups = languageGroups([
      tag('smollm2:135m-instruct-q4_K_M', 105e6),
      tag('smollm2:135m-instruct-fp16', 271e6),
      { ...tag('smollm2:135m-instruct-q6_K', 120e6), installed: false },
      tag('qwen3:0.6b', 520e6, 'Q4_K_M'),
      { ...tag('smollm2:135m-instruct-q8_0', 145e6), licence: 'Apache-2.0' },
    ])
    expect(groups.map(({ family, levels }) => [family, levels.map(({ level }) => level)])).toEqual([
      ['qwen3:0.6b', ['q4_K_M']],
      ['smollm2:135m-instruct', ['f16', 'q8_0', 'q6_K', 'q4_K_M']],
    ])
    expect(groups[1]?.parameterSize).toBe('135M')
    expect(groups[1]?.licence).toBe('Apache-2.0')
  })

  test('of a tag that is not here and names no quantization go by its size', () => {
    expect(languageGroups([tag('llama3.2:1b', null)])[0]?.levels[0]?.level).toBe('1b')
  })

  test('are stepped through by size, past none that cannot be used', () => {
    const groups = languageGroups([
      tag('a:1b-q8_0', 145e6),
      tag('a:1b-q4_K_M', 105e6),
      { ...tag('a:1b-q6_K', 120e6), remote: 'refused' },
      tag('a:1b-fp16', null),
      tag('b:1b-q8_0', 200e6),
    ])
    expect(steppedLevel(groups, 'a:1b-q4_K_M', 'up')).toBe('a:1b-q8_0')
    expect(steppedLevel(groups, 'a:1b-q8_0', 'down')).toBe('a:1b-q4_K_M')
    expect(steppedLevel(groups, 'a:1b-q8_0', 'up')).toBeNull()
    expect(steppedLevel(groups, 'b:1b-q8_0', 'down')).toBeNull()
    expect(steppedLevel(groups, 'unknown', 'down')).toBeNull()
    const names = ['a:1b-q8_0', 'other:1b-Q5_K_M', null]
    expect(names.map(name => levelNamed(groups, name))).toEqual(['q8_0', 'q5_K_M', null])
  })

  test('of speech have no share of a GPU', () => {
    const level: SpeechModel = {
      ...{ name: 'whisper-base-q8_0', family: 'whisper-base', parameterSize: '74M', quantization: 'q8_0' },
      ...{
        sizeBytes: 1,
        digest: null,
        installed: true,
        loaded: true,
        residentBytes: 2,
        languages: 'multilingual',
      },
    }
    expect(speechGroups([level])[0]?.levels[0]).toEqual({
      ...{
        name: 'whisper-base-q8_0',
        level: 'q8_0',
        sizeBytes: 1,
        installed: true,
        loaded: true,
        residentBytes: 2,
      },
    })
  })
})

describe('what a switch cost', () => {
  const cost = {
    name: 'a:q8_0',
    loadMs: 412.4,
    residentBytesBefore: null,
    residentBytesAfter: 105_000_000,
    evicted: [],
  }

  test('is said in one sentence a model', () => {
    expect(switchCost({ llm: { ...cost, evicted: ['a:q4_0'] } })).toBe(
      'a:q8_0 loaded in 412 ms, +105 MB; a:q4_0 had to go.',
    )
    expect(
      switchCost({
        llm: cost,
        speech: { ...cost, name: 'w-f16', loadMs: null, residentBytesBefore: 105_000_000 },
      }),
    ).toBe('a:q8_0 loaded in 412 ms, +105 MB. w-f16 was loaded already.')
  })

  test('is nothing where no model was switched', () => expect(switchCost({})).toBe(''))

  test('says no memory that is not known', () => {
    expect(switchCost({ llm: { ...cost, residentBytesAfter: null } })).toBe('a:q8_0 loaded in 412 ms.')
  })
})

describe('a pull', () => {
  const api = (events: StreamedEvent[], thrown?: Error): Api =>
    ({
      async *events() {
        yield* events
        if (thrown) throw thrown
      },
    }) as unknown as Api
  const progress = { status: 'downloading', completedBytes: 45_000_000, totalBytes: 145_000_000 }

  async function pulled(events: StreamedEvent[], thrown?: Error) {
    const told: PullState[] = []
    return {
      here: await pull(api(events, thrown), 'language', { name: 'a' }, state => told.push(state)),
      told,
    }
  }

  test('tells its progress until it is done', async () => {
    const { here, told } = await pulled([
      { event: 'progress', data: progress },
      { event: 'done', data: { name: 'a' } },
    ])
    expect([here, told]).toEqual([true, [{ state: 'running', progress }]])
  })

  test('that fails says what mends it', async () => {
    const { here, told } = await pulled([
      { event: 'error', data: { code: 'x', message: 'No space.', mend: 'Free some.' } },
    ])
    expect([here, told]).toEqual([false, [{ state: 'failed', message: 'No space.', mend: 'Free some.' }]])
  })

  test('that breaks off, or cannot be asked for, has failed', async () => {
    expect((await pulled([{ event: 'progress', data: progress }])).told.at(-1)).toMatchObject({
      state: 'failed',
    })
    expect((await pulled([], new Error('gone'))).told).toEqual([
      { state: 'failed', message: 'gone', mend: undefined },
    ])
  })

  test('is as far as what is known of it', () => {
    expect(shareDone(progress)).toBeCloseTo(0.3103, 4)
    expect(shareDone({ ...progress, totalBytes: null })).toBeNull()
    expect(progressInWords(progress)).toBe('31 %, 45 MB of 145 MB, downloading')
    expect(progressInWords({ ...progress, totalBytes: null })).toBe('45 MB, downloading')
    expect(progressInWords({ status: 'starting', completedBytes: null, totalBytes: null })).toBe('starting')
  })
})

test.each([
  [{ voice: 'none' }, 'no voice'],
  [{ voice: 'browser' }, "this browser's own voice"],
  [{ llmModel: 'a:1b', voice: 'flite:slt' }, 'a:1b, the voice flite:slt'],
])('a choice is said in words', (choice, words) => {
  expect(choiceInWords(choice)).toBe(words)
})
