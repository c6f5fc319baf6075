import { describe, expect, it, test } from 'vitest'
import { asciiForFlite, fliteVoice } from '../../../server/voice/flite/flite.ts'
import { neuralVoice } from '../../../server/voice/neural/neural.ts'
import { modelAndVoice, speechUrl } from '../../../server/voice/remote/remote.ts'
import { createPcmReader } from '../../../server/voice/remote/remotePcm.ts'
import { listVoices } from '../../../server/voice/voices.ts'
import { speakingWith } from '../../support/voice/speakingWith.ts'

const never = new AbortController().signal
const silent = () => Promise.reject(new Error('was asked'))
const voice = speakingWith(silent, 'http://127.0.0.1:8880')

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

describe('the name of a voice', () => {
  it.each([
    ['flite:slt', 'speak', ['en']],
    ['flite:kal16', 'speak', ['en']],
    ['hibari:heart', 'speak', ['en']],
    ['kokoro:bm_lewis', 'speak', ['en']],
    ['piper:joe', 'speak', ['en']],
    ['browser', 'inBrowser', null],
    ['none', 'none', null],
    ['remote:af_heart', 'speak', null],
    ['remote:org/model:1/af_heart', 'speak', null],
  ])('%s is understood', (name, kind, languages) => {
    expect(voice(name)).toMatchObject({ name, kind, languages })
  })

  it.each([
    ['flite:stl', 'flite:slt'],
    ['slt', 'flite:slt'],
    ['flite', 'flite:'],
    ['brwoser', 'browser'],
    ['hibari:hart', 'hibari:heart'],
    ['kokoro:heart', 'kokoro:af_heart'],
    ['Flite:rms', 'flite:rms'],
  ])('%s is unknown, and the nearest is named', (name, nearest) => {
    expect(() => voice(name)).toThrow(
      expect.objectContaining({
        code: 'model_not_found',
        mend: expect.stringContaining(`The nearest is "${nearest}`),
      }),
    )
  })

  it.each(['', 'remote:', 'flite:', 'flite:constructor', 'x'.repeat(200)])(
    'that is nonsense gets the list, and is not repeated at length: %j',
    name => {
      let message = ''
      try {
        voice(name)
      } catch (error) {
        expect(error).toMatchObject({ code: 'model_not_found', mend: expect.stringContaining('flite:awb') })
        message = (error as Error).message
      }
      expect(message).not.toBe('')
      expect(message.length).toBeLessThan(100)
    },
  )

  it('of a remote voice without a speech server says which setting is missing', () => {
    expect(() => speakingWith(silent)('remote:af_heart')).toThrow(
      expect.objectContaining({ code: 'engine_unavailable', mend: expect.stringContaining('SYNTHESIS_URL') }),
    )
  })

  it('is one that the list has, for every voice of the list', () => {
    for (const { name } of listVoices(['af_heart'])) expect(() => voice(name)).not.toThrow()
    expect(listVoices([]).some(({ name }) => name.startsWith('remote:'))).toBe(false)
  })

  it('of an engine that is too slow here is listed as one that cannot be had, with how slow it is', () => {
    const listed = listVoices(['af_heart'], new Map([['kokoro', 'takes 3.1 s for each second of speech']]))
    expect(listed.filter(({ available }) => !available)).toHaveLength(28)
    expect(listed.find(({ name }) => name === 'kokoro:af_sky')).toMatchObject({
      description: expect.stringMatching(/Apache-2\.0.*: takes 3\.1 s for each second of speech$/),
      available: false,
    })
  })
})

describe('text for flite', () => {
  it.each([
    ['Crème brûlée for Zoë', 'Creme brulee for Zoe'],
    ['“It’s here” — now…', '"It\'s here" , now...'],
    ['20 °C and €5', '20 degrees C and euros 5'],
    ['漢字 ok 🙂', 'ok'],
    ['line\nbreak\u0000', 'line break'],
    ['½ a cup', '1 2 a cup'],
  ])('%j becomes %j', (text, ascii) => {
    expect(asciiForFlite(text)).toBe(ascii)
  })

  it('that has nothing to say is not sent', async () => {
    const { pronounces, speak } = fliteVoice(silent, 'flite:slt')
    for (const clause of ['', '  ', '漢字', '…', '🙂!']) {
      expect(pronounces(clause)).toBe(false)
      expect(await all(speak(clause, never))).toEqual([])
    }
  })

  it('is spoken with the voice, and the signal is handed on', async () => {
    const asked: unknown[] = []
    const audio = { samples: new Int16Array([1]), sampleRate: 16_000, inferenceMs: 3 }
    const { speak } = fliteVoice((...parameters) => {
      asked.push(parameters)
      return Promise.resolve(audio)
    }, 'flite:rms')
    expect(await all(speak('Hello.', never))).toEqual([audio])
    expect(asked).toEqual([['Hello.', 'rms', never]])
  })
})

test('hibari is given names of every Latin alphabet, what it cannot spell is nothing to say, and sound is handed on as it comes', async () => {
  const piece = (length: number) => ({ samples: new Int16Array(length), sampleRate: 24_000 })
  const asked: unknown[] = []
  const { pronounces, saysAll, speak } = neuralVoice(async function* (...parameters) {
    asked.push(parameters)
    yield piece(1)
    yield piece(2)
  }, 'hibari:heart')
  for (const text of ['Nguyễn', 'Łódź', '42']) expect([pronounces(text), saysAll(text)]).toEqual([true, true])
  for (const text of ['漢字', 'Привет', '…']) expect(pronounces(text)).toBe(false)
  expect(saysAll('漢字 ok')).toBe(false)
  expect(await all(speak('Hello.', never))).toEqual([piece(1), piece(2)])
  expect(await all(speak('漢字', never))).toEqual([])
  expect(asked).toEqual([['Hello.', 'heart', never]])
})

describe('the address of a speech server', () => {
  it.each(['http://host:8880', 'http://host:8880/', 'http://host:8880/v1', 'http://host:8880/v1/'])(
    '%s',
    url => {
      expect(speechUrl(url)).toBe('http://host:8880/v1/audio/speech')
    },
  )

  it('leaves a voice its model', () => {
    expect(modelAndVoice('af_heart')).toEqual({ model: 'tts-1', voice: 'af_heart' })
    expect(modelAndVoice('org/kokoro/af_heart')).toEqual({ model: 'org/kokoro', voice: 'af_heart' })
  })
})

describe('audio from a speech server', () => {
  const samples = Int16Array.from({ length: 500 }, (_, index) => index * 60 - 15_000)
  const pcm = Buffer.from(samples.buffer)

  function wav(channels: number, bits: number, sampleRate: number): Buffer {
    const header = Buffer.alloc(44)
    header.write('RIFF', 0)
    header.write('WAVEfmt ', 8)
    header.writeUInt32LE(16, 16)
    header.writeUInt16LE(1, 20)
    header.writeUInt16LE(channels, 22)
    header.writeUInt32LE(sampleRate, 24)
    header.writeUInt16LE(bits, 34)
    header.write('data', 36)
    return Buffer.concat([header, pcm])
  }

  function read(bytes: Buffer, chunkBytes: number) {
    const reader = createPcmReader(24_000)
    const heard: number[] = []
    let rate = 0
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      const audio = reader.push(bytes.subarray(at, at + chunkBytes))
      if (audio !== null) heard.push(...audio.samples)
      rate = audio?.sampleRate ?? rate
    }
    return { heard, rate, heardAnything: reader.heardAnything() }
  }

  it.each([1, 3, 7, 64, 1000])('keeps every sample when it comes in pieces of %i bytes', chunkBytes => {
    expect(read(pcm, chunkBytes)).toEqual({ heard: [...samples], rate: 24_000, heardAnything: true })
  })

  it.each([1, 5, 44, 1000])('that is WAV loses its header, in pieces of %i bytes', chunkBytes => {
    expect(read(wav(1, 16, 22_050), chunkBytes)).toEqual({
      heard: [...samples],
      rate: 22_050,
      heardAnything: true,
    })
  })

  it.each([
    ['two channels', wav(2, 16, 24_000)],
    ['8 bit', wav(1, 8, 24_000)],
    ['0 Hz', wav(1, 16, 0)],
    [
      'a WAV that never comes to its audio',
      Buffer.concat([wav(1, 16, 24_000).subarray(0, 36), Buffer.alloc(9000)]),
    ],
  ])('that is %s is refused', (_what, bytes) => {
    expect(() => read(bytes, 100_000)).toThrow(expect.objectContaining({ code: 'engine_failed' }))
  })
})
