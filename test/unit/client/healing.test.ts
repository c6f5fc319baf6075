import { afterEach, describe, expect, test, vi } from 'vitest'
import { createBrowserVoice } from '../../../client/audio/browserVoice.ts'
import { createFrameResampler } from '../../../client/audio/frameResampler.ts'
import { microphonesToTry, speakerFor } from '../../../client/audio/microphoneChoice.ts'
import { type SoundFacts, soundHold } from '../../../client/audio/soundHold.ts'
import { addressForPhones } from '../../../client/talk/settings/phone.ts'
import { BEAT_MS, beat, firstBeat } from '../../../client/wire/heartbeat.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('what holds the sound', () => {
  const flowing: SoundFacts = {
    listens: true,
    plays: false,
    context: 'running',
    hasRun: true,
    elementPaused: false,
    pageHidden: false,
    microphoneMuted: false,
  }
  test.each([
    [{}, null],
    [{ context: 'suspended' }, 'stopped'],
    [{ context: 'suspended', pageHidden: true }, 'hidden'],
    [{ context: 'suspended', hasRun: false }, null],
    [{ context: 'interrupted' }, 'taken'],
    [{ context: 'suspended', listens: false }, null],
    [{ context: 'suspended', listens: false, plays: true }, 'stopped'],
    [{ elementPaused: true }, null],
    [{ elementPaused: true, plays: true }, 'answer-stopped'],
    [{ microphoneMuted: true }, 'microphone-muted'],
    [{ microphoneMuted: true, listens: false, plays: true }, null],
  ] as [Partial<SoundFacts>, string | null][])('%o: %s', (change, hold) => {
    expect(soundHold({ ...flowing, ...change })).toBe(hold)
  })
})

describe('which microphone goes on', () => {
  test.each([
    ['the one in use is the chosen one', { homeId: 'a', usedId: 'a', listed: ['a', 'b'] }, 'keep'],
    ['it ended', { homeId: 'a', usedId: null, listed: ['b', 'c'] }, ['b', 'c']],
    ['it ended, and is there all the same', { homeId: 'a', usedId: null, listed: ['b', 'a'] }, ['a', 'b']],
    ['the chosen one is back', { homeId: 'a', usedId: 'b', listed: ['b', 'a'] }, ['a']],
    ['another came', { homeId: 'a', usedId: 'b', listed: ['b', 'c'] }, 'keep'],
    ['the list is late', { homeId: 'a', usedId: 'a', listed: [] }, 'keep'],
    ['none is left', { homeId: 'a', usedId: null, listed: [] }, []],
    ['nobody knows which it was', { homeId: null, usedId: null, listed: ['b'] }, ['b']],
  ] as const)('%s', (_what, facts, tried) => {
    expect(microphonesToTry(facts)).toEqual(tried)
  })

  test('answers are heard where it was chosen, while that is there', () => {
    expect(speakerFor('a', ['b', 'a'])).toBe('a')
    expect(speakerFor('a', ['b'])).toBe('')
    expect(speakerFor(null, ['b'])).toBe('')
  })
})

describe('the heartbeat', () => {
  /** What it does at each look while `heard` says whether something came. */
  function acts(seconds: number, heard: (second: number) => boolean, everyMs = BEAT_MS): string[] {
    let heart = firstBeat(0)
    const done: string[] = []
    for (let i = 1; i <= seconds; i++) {
      const { next, act } = beat(heart, i * everyMs, heard(i))
      heart = next
      if (act !== 'nothing') done.push(`${act} at ${i}`)
      if (act === 'hang-up') break
    }
    return done
  }

  test('asks nothing while something comes', () => {
    expect(acts(60, () => true)).toEqual([])
  })

  test('asks after a silence, and goes on asking after answers', () => {
    const answered = new Set([5, 10])
    expect(acts(12, second => answered.has(second))).toEqual(['ping at 4', 'ping at 9'])
  })

  test('says that a dead connection is dead within 15 s', () => {
    const [asked, dead] = acts(60, () => false)
    expect(asked).toBe('ping at 4')
    expect(Number(dead?.replace('hang-up at ', ''))).toBeLessThan(15)
  })

  test('a page that slept asks before it hangs up', () => {
    const slept = beat(firstBeat(0), 3_600_000, false)
    expect(slept.act).toBe('nothing')
    const { next, act } = beat(slept.next, 3_601_000, false, true)
    expect(act).toBe('ping')
    expect(beat(next, 7_200_000, false).act).toBe('nothing')
  })
})

test('frames of another rate come as frames of this one, of the same sound', () => {
  const resample = createFrameResampler(44_100, 48_000)
  const frames: ArrayBuffer[] = []
  for (let i = 0; i < 50; i++) {
    const pcm = Int16Array.from(
      { length: 882 },
      (_, k) => 10_000 * Math.sin((2 * Math.PI * 440 * (i * 882 + k)) / 44_100),
    )
    const frame = resample(pcm.buffer)
    if (frame !== null) frames.push(frame)
  }
  const samples = frames.flatMap(frame => [...new Int16Array(frame)])
  expect(samples.length).toBeGreaterThan(47_000)
  expect(samples.length).toBeLessThanOrEqual(48_000)
  for (const frame of frames) expect(frame.byteLength / 2).toBeGreaterThanOrEqual(960)
  const wrong = samples
    .slice(1000)
    .map((sample, i) => Math.abs(sample - 10_000 * Math.sin((2 * Math.PI * 440 * (i + 1000)) / 48_000)))
  expect(Math.max(...wrong)).toBeLessThan(50)
})

describe("the browser's own voice", () => {
  class Utterance {
    readonly text: string
    onstart = () => {}
    onend = () => {}
    onboundary = (_event: { charIndex: number }) => {}
    constructor(text: string) {
      this.text = text
    }
  }

  function setUp() {
    vi.useFakeTimers()
    const spoken: Utterance[] = []
    const cancel = vi.fn()
    vi.stubGlobal('SpeechSynthesisUtterance', Utterance)
    vi.stubGlobal('speechSynthesis', {
      ...{ cancel, resume() {}, pause() {} },
      speak: (utterance: Utterance) => spoken.push(utterance),
    })
    const told: string[] = []
    const voice = createBrowserVoice((_turnId, event, length) => told.push(`${event} ${length}`))
    return { voice, spoken, told, cancel }
  }
  const clause = { text: 'ten percent', start: 0, end: 4 }

  test('says what the server worded, and tells where that stands in the reply', () => {
    const { voice, spoken, told } = setUp()
    voice.say('a', clause)
    expect(spoken[0]?.text).toBe('ten percent')
    spoken[0]?.onstart()
    spoken[0]?.onend()
    voice.complete('a', 6)
    expect(told).toEqual(['started 0', 'ended 6'])
  })

  test('tells of at most five positions a second, and of the last one too', () => {
    const { voice, spoken, told } = setUp()
    voice.say('a', { text: 'x'.repeat(100), start: 0, end: 100 })
    spoken[0]?.onstart()
    for (let word = 1; word <= 100; word++) {
      spoken[0]?.onboundary({ charIndex: word })
      vi.advanceTimersByTime(10)
    }
    expect(told.length).toBeGreaterThanOrEqual(5)
    expect(told.length).toBeLessThanOrEqual(7)
    vi.advanceTimersByTime(1000)
    expect(told.at(-1)).toBe('progress 100')
  })

  test('what comes after the end of the reply ends it, too', () => {
    const { voice, spoken, told } = setUp()
    voice.complete('a', 1)
    voice.say('a', { text: 'I have no answer to that.', start: 0, end: 0 })
    spoken[0]?.onstart()
    spoken[0]?.onend()
    expect(told.at(-1)).toBe('ended 1')
  })

  test('a reply that is begun anew is spoken anew', () => {
    const { voice, spoken, cancel } = setUp()
    voice.say('a', { text: 'a thought', start: 0, end: 9 })
    voice.say('a', { text: 'the answer', start: 0, end: 10 })
    expect(cancel).toHaveBeenCalledOnce()
    expect(spoken.map(({ text }) => text)).toEqual(['a thought', 'the answer'])
  })
})

describe('the address for phones', () => {
  const of = (here: string, publicUrl: string, token: string | null = null) =>
    addressForPhones(new URL(here), publicUrl, token)

  test.each([
    ['http://localhost:3000/', 'https://192.168.1.5:3000', 'https://192.168.1.5:3000/'],
    ['https://voice.example/quantvox/', 'http://127.0.0.1:3000', 'https://voice.example/quantvox/'],
    ['http://127.0.0.1:3000/', 'https://voice.example/quantvox', 'https://voice.example/quantvox/'],
    ['http://localhost:3000/', 'http://127.0.0.1:3000', null],
    ['http://localhost:3000/', 'http://192.168.1.5:3000', null],
  ])('at %s, of %s, is %s', (here, publicUrl, address) => {
    expect(of(here, publicUrl)).toBe(address)
  })

  test('brings the token along', () => {
    expect(of('https://voice.example/', '', 'secret')).toBe('https://voice.example/#token=secret')
  })
})
