import { expect, test } from 'vitest'
import type { Heard } from '../../server/hearing/endOfTurn/detector.ts'
import { type LearnedOptions, learnedEnd } from '../../server/hearing/endOfTurn/learned.ts'
import { createOwnPauses } from '../../server/hearing/endOfTurn/ownPauses.ts'
import { type Ending, type Endpointing, fixedSilence, type Pause } from '../../server/hearing/endpointing.ts'
import { noDetector, scriptedDetector } from '../support/hearing/fakeDetector.ts'
import { endpointingContract } from './endpointing.ts'

const learned = (changed: Partial<LearnedOptions> = {}) =>
  learnedEnd({
    ...{ detector: noDetector, preset: 'balanced', silenceMs: 500, isEnglish: true },
    ...{ ownPauses: createOwnPauses(), signal: new AbortController().signal, ...changed },
  })
const heard = (probability: number, changed: Partial<LearnedOptions> = {}) =>
  learned({ detector: scriptedDetector([probability]).detector, ...changed })

for (const silenceMs of [100, 500, 3000]) {
  endpointingContract(`of ${silenceMs} ms of silence`, () => fixedSilence(silenceMs))
}
endpointingContract('that is learned, without its detector', learned)
endpointingContract('that is learned, of an end', () => heard(0.99))
endpointingContract('that is learned, of no end', () => heard(0.01, { preset: 'patient' }))

/** Silence after which a turn ends whose end sounds and reads so, and why. */
async function endOf(
  endpointing: Endpointing,
  { text = null, textFromMs = 0, endsHere = null, segments = [{ startMs: 0, endMs: 900 }] } = {} as {
    text?: string | null
    textFromMs?: number
    endsHere?: number | null
    segments?: Pause['segments']
  },
): Promise<Ending & { silenceMs: number }> {
  for (let silenceMs = 64; silenceMs < 4000; silenceMs += 32) {
    await new Promise(setImmediate)
    const said = silenceMs >= textFromMs && text !== null ? { text, endsHere } : null
    const pause = { segments, speechMs: 900, silenceMs, samples: () => new Int16Array(9000), said }
    const verdict = endpointing.decide(pause)
    if (typeof verdict === 'object' && 'over' in verdict) return { silenceMs, ...verdict.over }
  }
  return expect.fail('it never ends the turn')
}

const endsAfter = async (...asked: Parameters<typeof endOf>) => (await endOf(...asked)).silenceMs

test.each([
  [0.99, 'It was said.', 320, 'sure', 'closed'],
  [0.99, 'It was the', 704, 'likely', 'open'],
  [0.6, 'It was said.', 704, 'likely', 'closed'],
  [0.01, 'It was said.', 1504, 'hardly', 'closed'],
  [0.99, null, 320, 'sure', null],
])('a voice of %f that said %j is waited for for %i ms', async (probability, text, ...expected) => {
  const { silenceMs, decidedBy, textState } = await endOf(heard(probability), { text })
  expect([silenceMs, decidedBy, textState]).toEqual(expected)
})

test('silence alone is told as such, with the words where they were looked at', async () => {
  const text = 'It was the'
  expect(await endOf(learned(), { text })).toMatchObject({ decidedBy: 'silence', textState: 'open' })
  expect(await endOf(fixedSilence(500), { text })).toMatchObject({ decidedBy: 'silence', textState: null })
  const foreign = await endOf(heard(0.99, { isEnglish: false }), { text: 'Das ist so,' })
  expect(foreign).toMatchObject({ decidedBy: 'sure', textState: null })
})

test('what the detector makes of a pause is told once, as soon as it is there', async () => {
  const waiting: ((heard: Heard) => void)[] = []
  const detector = { ...noDetector, ask: () => new Promise<Heard>(resolve => void waiting.push(resolve)) }
  const endpointing = learned({ detector })
  const pauseAt = (silenceMs: number) => {
    const verdict = endpointing.decide({ ...{ segments: [], speechMs: 900, said: null }, silenceMs, samples })
    return typeof verdict === 'object' && 'askAgainInMs' in verdict ? (verdict.detector ?? null) : null
  }
  const samples = () => new Int16Array(9000)
  const [first, meanwhile] = [pauseAt(64), pauseAt(160)]
  const [second] = [pauseAt(64), pauseAt(160)]
  expect([first, meanwhile, second]).toEqual([
    { silenceMs: 64, probability: null, inferenceMs: null },
    null,
    { silenceMs: 64, probability: null, inferenceMs: null },
  ])
  waiting[1]?.({ probability: 0.7, inferenceMs: 40 })
  await new Promise(setImmediate)
  expect(first).toMatchObject({ probability: null })
  expect(second).toEqual({ silenceMs: 64, probability: 0.7, inferenceMs: 40 })
})

test.each([
  ['fast', 500, 64],
  ['balanced', 500, 160],
  ['balanced', 300, 160],
  ['patient', 500, 352],
] as const)(
  'with %s and silence of %i ms nothing is asked of a pause that is over before %i ms',
  async (preset, silenceMs, fromMs) => {
    const { detector, asked } = scriptedDetector([0.01])
    const endpointing = learned({ detector, preset, silenceMs })
    let heardMs = 900
    const pauseFor = async (pauseMs: number) => {
      for (let at = endpointing.pauseMs; at <= pauseMs; at += 32) {
        const samples = () => new Int16Array(16 * (heardMs + at))
        endpointing.decide({ segments: [], speechMs: 900, said: null, silenceMs: at, samples })
        await new Promise(setImmediate)
      }
      heardMs += 900
    }
    for (let pauseMs = 64; pauseMs < fromMs; pauseMs += 32) await pauseFor(pauseMs)
    expect(asked).toEqual([])
    heardMs = 900
    await pauseFor(fromMs)
    expect(asked.map(({ length }) => length)).toEqual([16 * (900 + 64)])
  },
)

test('each preset waits as it says, and words of other languages say nothing', async () => {
  expect(await endsAfter(heard(0.99, { preset: 'fast' }))).toBe(224)
  expect(await endsAfter(heard(0.02, { preset: 'patient' }))).toBe(2528)
  expect(await endsAfter(heard(0.99, { isEnglish: false }), { text: 'Das ist so,' })).toBe(320)
})

test('words that come late still count, both ways', async () => {
  const at = (probability: number, text: string) => endsAfter(heard(probability), { text, textFromMs: 500 })
  expect(await at(0.95, 'It was said.')).toBe(512)
  expect(await at(0.6, 'It was the')).toBe(1504)
})

test.each([
  [0.5, 320],
  [0.12, 704],
  [0.01, 1504],
])(
  'words that can end with %f end the turn after %i ms, also where no voice is judged',
  async (endsHere, expected) => {
    expect(await endsAfter(learned({ silenceMs: 2000 }), { text: 'It was said', endsHere })).toBe(expected)
  },
)

test('without an answer the fixed silence ends the turn, and a late answer counts', async () => {
  expect(await endsAfter(learned({ silenceMs: 700 }))).toBe(704)
  const ask = async () => {
    for (let frame = 0; frame < 10; frame++) await new Promise(setImmediate)
    return { probability: 0.01, inferenceMs: 5 }
  }
  expect(await endsAfter(learned({ detector: { ...noDetector, ask }, silenceMs: 700 }))).toBe(1504)
})

test('the detector is asked once a pause, about the audio up to its second silent frame, and a question is dropped with its pause', async () => {
  const signals: AbortSignal[] = []
  const detector = {
    ...noDetector,
    ask: (samples: Int16Array, signal: AbortSignal) => {
      // Asked after 160 ms.
      expect(samples.length).toBe(9000 - 16 * (160 - 64))
      signals.push(signal)
      return new Promise<Heard>(() => {})
    },
  }
  const session = new AbortController()
  const endpointing = learned({ detector, signal: session.signal })
  await endsAfter(endpointing)
  await endsAfter(endpointing)
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
  session.abort()
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
})

test('who pauses for long in mid-turn is waited for longer, though not for ever, and only in this session', async () => {
  const after = async (pauseMs: number) => {
    const ownPauses = createOwnPauses()
    const endpointing = heard(0.99, { ownPauses, preset: 'fast' })
    const segments = [
      { startMs: 0, endMs: 900 },
      { startMs: 900 + pauseMs, endMs: 3900 },
    ]
    for (let turn = 0; turn < 3; turn++) await endsAfter(endpointing, { segments })
    return await endsAfter(heard(0.99, { ownPauses, preset: 'fast' }))
  }
  expect(await after(400)).toBe(512)
  expect(await after(2000)).toBe(608)
  expect(await after(100)).toBe(224)
})
