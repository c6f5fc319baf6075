import { describe, expect, test } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import { appendAndFlush } from '../../../server/lab/runs/files.ts'
import { comparisons, ended, everything, fake, observed, openAgain } from '../../support/lab/labOfTest.ts'

const { signal } = new AbortController()

describe('a whole comparison', () => {
  test('gives the figures that the engines were scripted with', async () => {
    const { id, state } = await comparisons.create(everything(), signal)
    expect(state).toBe('queued')
    const { last, phases } = await ended(id)
    expect(last).toEqual({ event: 'done', data: { id, state: 'done' } })
    expect(phases).toEqual(['prepare', 'speech', 'llm', 'judge'])

    const result = await comparisons.result(id)
    expect(result.failures).toEqual([])
    expect(result.reference).toEqual({ speech: 'whisper-test-f16', llm: 'fake:1b-fp16', voice: null })
    expect(result.speech.map(({ name }) => name)).toEqual([
      'whisper-test-f16',
      'whisper-test-q8_0',
      'whisper-test-q4_0',
    ])
    const wordErrors = result.speech.map(({ figures }) => figures.wordErrorRate.value)
    expect(wordErrors).toEqual([0, 0, 50])
    expect(result.speech.map(({ figures }) => figures.residentBytes.value)).toEqual([1e6, 2e6, 3e6])
    expect(result.speech[0]?.figures.loadMs).toMatchObject({ value: 40, n: 8 })

    const tags = Object.fromEntries(result.llm.map(tag => [tag.name, tag]))
    const [fp16, q8, q4] = ['fake:1b-fp16', 'fake:1b-q8_0', 'fake:1b-q4_1'].map(name => tags[name]?.figures)
    expect([fp16, q8, q4].map(figures => figures?.tokensPerSecond.value)).toEqual([50, 100, 200])
    expect([fp16, q8, q4].map(figures => figures?.promptTokensPerSecond.value)).toEqual([500, 400, 250])
    expect([fp16, q8, q4].map(figures => figures?.timePerOutputTokenMs.value)).toEqual([20, 10, 5])
    expect([fp16, q8, q4].map(figures => figures?.bitsPerWeight.value)).toEqual([16, 8.5, 5])
    expect([fp16, q8, q4].map(figures => figures?.checkedRight.value)).toEqual([100, 100, 50])
    expect(q8?.klTop20.value).toBeCloseTo(0, 9)
    // 0.9 ln(0.9 / 0.6) + 0.1 ln(0.1 / 0.4)
    expect(q4?.klTop20.value).toBeCloseTo(0.9 * Math.log(1.5) + 0.1 * Math.log(0.25), 6)
    expect(tags['fake:1b-q4_1']?.referenceSource).toBe(true)
    expect(result.notMeasured.map(({ what }) => what)).toContain('energy')
  })

  test('measures the reference once more, in an order that changes, every prompt with a word of its own', async () => {
    const { id } = await comparisons.create(everything(), signal)
    await ended(id)
    const lines = await observed(id)
    const decodes = lines.filter(line => line.kind === 'speech-decode')
    expect(decodes.filter(({ noise }) => noise).map(({ arm }) => arm)).toEqual(
      Array(8).fill('whisper-test-f16'),
    )
    expect(decodes).toHaveLength(2 * 4 * 4)
    const loads = lines.filter(line => line.kind === 'speech-load')
    const orders = [0, 1, 2, 3, 4, 5, 6, 7].map(block =>
      loads.filter(({ round }) => round === block).map(({ arm, noise }) => `${arm} ${noise}`),
    )
    expect(new Set(orders.map(order => order.toSorted().join())).size).toBe(1)
    expect(new Set(orders.map(order => order.join())).size).toBeGreaterThan(1)
    const prompts = fake.ollama.calls
      .filter(({ path, body }) => path === '/api/chat' && body.model === 'fake:1b-q8_0')
      .map(({ body }) => (body.messages as { content: string }[])[0]?.content.split('.')[0])
    // One warm-up before each of two rounds' two questions.
    expect(new Set(prompts).size).toBe(3)
    for (const { body } of fake.ollama.calls.filter(({ path }) => path === '/api/chat')) {
      const isWarmUp = (body.messages as { content: string }[])[0]?.content.startsWith('Ready.')
      const options = { temperature: 0, seed: 1, num_ctx: 2048, num_predict: isWarmUp ? 1 : 48 }
      expect(body.options).toMatchObject(options)
    }
  })

  test('gives every level a process of its own in each block, the reference measured once more too', async () => {
    const { id } = await comparisons.create(everything(), signal)
    await ended(id)
    const blocks = 8
    const { started, atMost, now } = fake.processes
    expect(started).toHaveLength(blocks * 4)
    expect(started.filter(level => level === 'whisper-test-f16')).toHaveLength(blocks * 2)
    expect({ atMost, now }).toEqual({ atMost: 1, now: 0 })
    const decodes = (await observed(id)).filter(line => line.kind === 'speech-decode')
    expect(new Set(decodes.map(({ block }) => block)).size).toBe(blocks)
  })

  test('speaks to the pairs of both fronts in real time and records their turns as its own', async () => {
    let watched = 0
    fake.stages.stages.observers.add(() => {
      watched++
      return () => {}
    })
    const { id } = await comparisons.create({ ...everything(), rounds: 1, pairs: true }, signal)
    await ended(id)
    const result = await comparisons.result(id)
    expect(result.failures).toEqual([])
    expect(result.pairs.map(({ speech, llm }) => `${speech} ${llm}`)).toContain(
      'whisper-test-f16 fake:1b-fp16',
    )
    const [pair] = result.pairs
    expect(pair?.turns).toBe(3)
    const measured = Object.entries(pair?.figures ?? {}).flatMap(([name, { value }]) =>
      value === null ? [] : [name],
    )
    expect(measured).toEqual(
      expect.arrayContaining([
        'turnDecidedMs',
        'transcriptMs',
        'firstTokenMs',
        'firstClauseMs',
        'firstAudioMs',
        'replyDoneMs',
      ]),
    )
    const turns = (await fake.stages.stages.store.list({}, 100)).items
    expect(turns.length).toBeGreaterThan(0)
    expect(new Set(turns.map(({ source }) => source))).toEqual(new Set(['comparison']))
    // What watches the turns of people, metrics and traces among it, sees none of a comparison.
    expect(watched).toBe(0)
  })
})

describe('what goes wrong', () => {
  test('a tag deleted in the middle: the run says so and keeps what it had', async () => {
    let answers = 0
    fake.ollama.hooks.beforeChat = tag => {
      if (tag === 'fake:1b-q8_0' && ++answers === 3) fake.ollama.tags.delete(tag)
      return true
    }
    const { id } = await comparisons.create({ ...everything(), speechModels: ['whisper-test-f16'] }, signal)
    expect((await ended(id)).last).toMatchObject({ event: 'done' })
    const result = await comparisons.result(id)
    expect(result.failures).toContainEqual({
      what: 'fake:1b-q8_0: everything else of fake:1b-q8_0',
      why: 'It is no longer there.',
    })
    const tag = result.llm.find(({ name }) => name === 'fake:1b-q8_0')
    expect(tag?.figures.tokensPerSecond.value).toBe(100)
    expect(result.llm.find(({ name }) => name === 'fake:1b-q4_1')?.figures.klTop20.n).toBeGreaterThan(0)
  })

  test('an engine killed in the middle: the step is tried again', async () => {
    let kills = 0
    fake.ollama.hooks.beforeChat = tag => tag !== 'fake:1b-q8_0' || ++kills !== 2
    const { id } = await comparisons.create(everything(), signal)
    await ended(id)
    const result = await comparisons.result(id)
    expect(result.failures).toHaveLength(1)
    expect(result.failures[0]?.why).toMatch(/Ollama/)
    const answers = (await observed(id)).filter(line => line.kind === 'llm-answer')
    expect(answers.filter(({ arm }) => arm === 'fake:1b-q8_0')).toHaveLength(4)
  })

  test('an engine that never comes back: its level is left out, the others go on', async () => {
    fake.hooks.beforeAcquire = level => {
      if (level.endsWith('q8_0')) throw new QuantvoxError('engine_unavailable', 'It does not start.')
    }
    const { id } = await comparisons.create(everything(), signal)
    await ended(id)
    const decodes = (await observed(id)).filter(line => line.kind === 'speech-decode')
    expect(decodes.filter(({ arm }) => arm.endsWith('q4_0'))).toHaveLength(8)
    expect(decodes.filter(({ arm }) => arm.endsWith('q8_0'))).toHaveLength(0)
    const { failures } = await comparisons.result(id)
    expect(failures.at(-1)).toMatchObject({ why: expect.stringMatching(/It failed 4 times in a row/) })
  })

  test('a full disk ends the run, which keeps what it had and can go on', async () => {
    let isFull = false
    let written = 0
    fake.lab.append = async (path, text) => {
      if (path.endsWith('observations.ndjson')) isFull ||= ++written === 12
      if (isFull) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
      await appendAndFlush(path, text)
    }
    await comparisons.stop()
    await openAgain()
    const { id } = await comparisons.create(everything(), signal)
    const { last } = await ended(id)
    expect(last).toMatchObject({
      event: 'error',
      data: { code: 'internal', message: expect.stringMatching(/disk is full/) },
    })
    const kept = (await observed(id)).filter(
      line => line.kind === 'speech-decode' || line.kind === 'speech-load',
    )
    expect(kept.length).toBeGreaterThan(5)
    isFull = false
    written = -1000
    await comparisons.resume(id)
    expect((await ended(id)).last).toMatchObject({ event: 'done', data: { state: 'done' } })
    const again = (await observed(id)).filter(
      line => line.kind === 'speech-decode' || line.kind === 'speech-load',
    )
    expect(again.slice(0, kept.length)).toEqual(kept)
    expect(again).toHaveLength(2 * 4 * 4 + 8 * 4)
  })
})

test('a budget cuts what comes last, the same for every arm, and says what', async () => {
  fake.hooks.beforeAcquire = () => new Promise(resolve => setTimeout(resolve, 40))
  const { id } = await comparisons.create({ ...everything(), rounds: 40, budgetSeconds: 10 }, signal)
  await ended(id)
  const result = await comparisons.result(id)
  expect(result.cutByBudget.length).toBeGreaterThan(0)
  expect(result.cutByBudget[0]).toMatch(
    /decodings of clips: \d+ of 40 blocks, from "round \d+, clips 1 to 4" on/,
  )
  const decodes = (await observed(id)).filter(line => line.kind === 'speech-decode')
  const perArm = Object.values(Object.groupBy(decodes, ({ arm, noise }) => `${arm} ${noise}`)).map(
    d => d?.length,
  )
  expect(new Set(perArm).size).toBe(1)
  expect(result.llm[0]?.figures.tokensPerSecond.value).toBe(50)
  expect(result.llm[1]?.figures.klTop20.n).toBeGreaterThan(0)
}, 30_000)

test('a live turn comes first: the step is broken off, said to be disturbed, and made again', async () => {
  const { underWay } = fake.stages.stages
  let answers = 0
  fake.ollama.hooks.beforeChat = async () => {
    if (++answers === 3) {
      const over = underWay.begin()
      setTimeout(over, 700)
      await new Promise(resolve => setTimeout(resolve, 600))
    }
    return true
  }
  const { id } = await comparisons.create(everything(), signal)
  await ended(id)
  const lines = await observed(id)
  const disturbed = lines.filter(line => 'disturbed' in line && line.disturbed)
  expect(disturbed).toHaveLength(1)
  expect(disturbed[0]).toMatchObject({ kind: 'failure', code: 'disturbed' })
  expect(lines.filter(line => line.kind === 'llm-answer')).toHaveLength(2 * 2 * 4)
  const { disturbed: told, failures } = await comparisons.result(id)
  expect(told.observations).toBe(1)
  expect(failures).toEqual([])
})

test('a live turn that comes while a level loads has the processor to itself: the load is ended', async () => {
  const { underWay } = fake.stages.stages
  let duringTurn: number | null = null
  let hasBegun = false
  fake.hooks.beforeAcquire = async () => {
    if (hasBegun) return
    hasBegun = true
    const over = underWay.begin()
    setTimeout(() => {
      duringTurn = fake.processes.now
      over()
    }, 900)
    await new Promise(resolve => setTimeout(resolve, 600))
  }
  const { id } = await comparisons.create({ ...everything(), llmModels: [] }, signal)
  await ended(id)
  expect(duringTurn).toBe(0)
  expect((await observed(id)).filter(line => line.kind === 'speech-load' && !line.disturbed)).toHaveLength(32)
})

test('every phase gets its first block before any gets its second', async () => {
  const { id } = await comparisons.create({ ...everything(), pairs: true }, signal)
  await ended(id)
  const kinds = ['speech-decode', 'llm-answer', 'llm-position', 'pair-turn']
  const lines = await observed(id)
  const firsts = kinds.map(kind => lines.findIndex(line => line.kind === kind))
  expect(firsts.toSorted((a, b) => a - b)).toEqual(firsts)
  const second = lines.findIndex(line => line.kind === 'speech-decode' && line.block === 1)
  expect(Math.min(...firsts)).toBeGreaterThan(-1)
  expect(second).toBeGreaterThan(Math.max(...firsts))
}, 60_000)

describe('a host that others use, too', () => {
  /** Where the host was taken from them, and given back. */
  async function shared(alone: () => Promise<void> = async () => {}) {
    const told: string[] = []
    fake.lab.alone = async () => {
      await alone()
      told.push('taken')
      return async () => void told.push('given back')
    }
    await openAgain()
    return told
  }

  test('is taken from them before anything is measured, and given back at the end', async () => {
    const told = await shared()
    const { id } = await comparisons.create(everything(), signal)
    const { last } = await ended(id)
    expect(last).toEqual({ event: 'done', data: { id, state: 'done' } })
    await expect.poll(() => told).toEqual(['taken', 'given back'])
  })

  test('that cannot be had fails the comparison with what is wrong', async () => {
    const told = await shared(() => Promise.reject(new QuantvoxError('engine_unavailable', 'No router.')))
    const { id } = await comparisons.create(everything(), signal)
    const { last } = await ended(id)
    expect(last).toMatchObject({
      event: 'error',
      data: { code: 'engine_unavailable', message: 'No router.' },
    })
    expect(told).toEqual([])
    expect(await observed(id).catch(() => [])).toEqual([])
  })
})
