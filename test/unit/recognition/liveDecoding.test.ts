import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Speech } from '../../../server/audio/utterance.ts'
import type { Transcript } from '../../../server/recognition/recognizer.ts'
import type { Decode, Decoded } from '../../../server/recognition/utterance/decoding.ts'
import { createEarlyDecode } from '../../../server/recognition/utterance/earlyDecode.ts'
import { createPartialDecoding } from '../../../server/recognition/utterance/partialDecoding.ts'
import { createPartialText } from '../../../server/recognition/utterance/partialText.ts'

const never = new AbortController().signal
const said = (text: string) => ({ text, readyAtMs: performance.now() }) as Transcript
const decoded = (text: string) => ({ text }) as Decoded
const upTo = (endMs: number): Speech => ({ segments: [{ startMs: 0, endMs }], speechMs: 500 })
const endOf = ({ segments }: Speech) => segments.at(-1)?.endMs

describe('early decoding', () => {
  function scripted(tookMs = 10) {
    const calls: string[] = []
    const early = createEarlyDecode(async (speech, signal) => {
      calls.push(`decode ${endOf(speech)}`)
      try {
        await sleep(tookMs, undefined, { signal })
      } catch (error) {
        calls.push(`cancelled ${endOf(speech)}`)
        throw error
      }
      return said(`text ${endOf(speech)}`)
    })
    return { calls, early }
  }

  test('counts where no speech followed', async () => {
    const { calls, early } = scripted()
    early.start(upTo(500))
    await sleep(30)
    const { text, readyAtMs, earlyDecode } = await early.finish(upTo(500), never)
    expect(text).toBe('text 500')
    expect(readyAtMs).toBeLessThan(performance.now() - 10)
    expect(earlyDecode).toBe('used')
    expect(calls).toEqual(['decode 500'])
  })

  test('is cancelled when speech goes on, and the whole is decoded', async () => {
    const { calls, early } = scripted()
    early.start(upTo(500))
    early.discard()
    expect(await early.finish(upTo(900), never)).toMatchObject({ text: 'text 900', earlyDecode: 'discarded' })
    expect(calls.toSorted()).toEqual(['cancelled 500', 'decode 500', 'decode 900'])
  })

  test('of less than all that was said does not count', async () => {
    const { early } = scripted()
    early.start(upTo(500))
    expect(await early.finish(upTo(532), never)).toMatchObject({ text: 'text 532', earlyDecode: 'discarded' })
  })

  test('that failed is tried again', async () => {
    let tries = 0
    const early = createEarlyDecode(async () => {
      if (++tries === 1) throw new Error('the engine died')
      return said('second')
    })
    early.start(upTo(500))
    expect(await early.finish(upTo(500), never)).toMatchObject({ text: 'second', earlyDecode: 'discarded' })
  })

  test('ends with the turn', async () => {
    const { calls, early } = scripted(1000)
    const turn = new AbortController()
    early.start(upTo(500))
    const finishing = early.finish(upTo(500), turn.signal)
    turn.abort(new Error('interrupted'))
    await expect(finishing).rejects.toThrow('interrupted')
    expect(calls).toEqual(['decode 500', 'cancelled 500'])
  })

  test('none was started where there was no pause', async () => {
    const { early } = scripted()
    expect((await early.finish(upTo(500), never)).earlyDecode).toBeNull()
  })
})

describe('partial decoding', () => {
  const options = { model: { name: 'm', path: '', digest: '', quantization: '' }, language: null, owner: 'a' }
  const clip = { samples: new Int16Array(0), speech: { segments: [], speechMs: 0 } }

  function scripted(tookMs: number) {
    let clock = 0
    let cancelled = 0
    const decode: Decode = async (_clip, _options, signal) => {
      clock += tookMs
      try {
        await sleep(5, undefined, { signal })
      } catch (error) {
        cancelled++
        throw error
      }
      return decoded('text')
    }
    const decoding = createPartialDecoding(decode, () => clock)
    return {
      decoding,
      wait: (ms: number) => {
        clock += ms
      },
      cancelled: () => cancelled,
    }
  }

  test('rests for as long as it took', async () => {
    const { decoding, wait } = scripted(200)
    expect(await decoding.partial(clip, options, never)).toEqual(decoded('text'))
    wait(150)
    expect(await decoding.partial(clip, options, never)).toBeNull()
    wait(60)
    expect(await decoding.partial(clip, options, never)).toEqual(decoded('text'))
  })

  test('is cancelled by one that counts, whoever asks for it', async () => {
    const { decoding, cancelled } = scripted(1)
    const partial = decoding.partial(clip, options, never)
    const full = decoding.full(clip, { ...options, owner: 'b' }, never)
    expect(await partial).toBeNull()
    expect(await full).toEqual(decoded('text'))
    expect(cancelled()).toBe(1)
  })

  test('does not begin while one that counts runs on the same model', async () => {
    const { decoding } = scripted(1)
    const full = decoding.full(clip, options, never)
    expect(await decoding.partial(clip, options, never)).toBeNull()
    const other = { ...options, model: { ...options.model, name: 'n' } }
    expect(await decoding.partial(clip, other, never)).toEqual(decoded('text'))
    await full
  })

  test('ends with its own signal as an abort', async () => {
    const { decoding } = scripted(1)
    const gone = new AbortController()
    const partial = decoding.partial(clip, options, gone.signal)
    gone.abort(new Error('gone'))
    await expect(partial).rejects.toThrow()
  })
})

describe('partial text', () => {
  test('is stable where two successive decodings agree', () => {
    const words = createPartialText()
    expect(words.decoded('what is')).toEqual({ text: 'what is', stableLength: 0 })
    expect(words.decoded('what is the whether')).toEqual({ text: 'what is the whether', stableLength: 7 })
    expect(words.decoded('what is the weather in')).toEqual({
      text: 'what is the weather in',
      stableLength: 11,
    })
  })

  test('what was stable stays, even if a later decoding sees it differently', () => {
    const words = createPartialText()
    words.decoded('it is nine')
    words.decoded('it is nine')
    const { text, stableLength } = words.decoded('it was nine o clock')
    expect(text.slice(0, stableLength)).toBe('it is nine')
    expect(text).toBe('it is nine o clock')
  })

  test('what was heard before the window moved stays in front', () => {
    const words = createPartialText()
    words.decoded('one two')
    words.freeze()
    expect(words.decoded('three four')).toEqual({ text: 'one two three four', stableLength: 7 })
    expect(words.decoded('three four five')).toEqual({ text: 'one two three four five', stableLength: 18 })
  })
})
