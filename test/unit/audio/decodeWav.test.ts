import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeAudio } from '../../../server/audio/decodeAudio.ts'
import { encodeWav } from '../../../server/audio/encodeWav.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import { watchEventLoop } from '../../support/eventLoop.ts'
import { failureOf } from '../../support/failureOf.ts'
import { chunk, type WavFields, wavBytes } from '../../support/wavBytes.ts'

const limits = { maxBytes: 2 ** 20, maxSeconds: 10 }
const { signal } = new AbortController()
const decode = (bytes: Buffer, within = limits) => decodeAudio(bytes, within, signal, '/nowhere/ffmpeg')
const refusal = (bytes: Buffer, within = limits) => failureOf(decode(bytes, within))

/** A ramp of 16-bit samples. */
const ramp = Int16Array.from({ length: 1600 }, (_, index) => index * 20 - 16_000)
const rampBytes = Buffer.from(ramp.buffer)

describe('what is accepted', () => {
  test('16 kHz mono 16 bit comes out as it went in', async () => {
    const decoded = await decode(wavBytes({ audio: rampBytes }))
    expect(decoded.samples).toEqual(ramp)
    expect(decoded.durationMs).toBe(100)
    expect(decoded.sourceFormat).toBe('wav pcm 16 bit, 1 channel, 16000 Hz')
  })

  test('what encodeWav writes is read back the same', async () => {
    expect((await decode(encodeWav(ramp))).samples).toEqual(ramp)
  })

  const half = (write: (bytes: Buffer) => void, bytes: number) => {
    const sample = Buffer.alloc(bytes)
    write(sample)
    return Buffer.concat(Array.from({ length: 800 }, () => sample))
  }
  const depths: [string, WavFields][] = [
    ['8 bit', { bitDepth: 8, audio: half(bytes => bytes.writeUInt8(192), 1) }],
    ['16 bit', { bitDepth: 16, audio: half(bytes => bytes.writeInt16LE(2 ** 14), 2) }],
    ['24 bit', { bitDepth: 24, audio: half(bytes => bytes.writeIntLE(2 ** 22, 0, 3), 3) }],
    ['32 bit', { bitDepth: 32, audio: half(bytes => bytes.writeInt32LE(2 ** 30), 4) }],
    ['32-bit float', { format: 3, bitDepth: 32, audio: half(bytes => bytes.writeFloatLE(0.5), 4) }],
    ['64-bit float', { format: 3, bitDepth: 64, audio: half(bytes => bytes.writeDoubleLE(0.5), 8) }],
    [
      '12 bit, the upper ones',
      { bitDepth: 12, blockAlign: 2, audio: half(bytes => bytes.writeInt16LE(2 ** 14), 2) },
    ],
    [
      '20 bit, the upper ones',
      { bitDepth: 20, blockAlign: 3, audio: half(bytes => bytes.writeIntLE(2 ** 22, 0, 3), 3) },
    ],
    ['extensible 16 bit', { subFormat: 1, audio: half(bytes => bytes.writeInt16LE(2 ** 14), 2) }],
    ['extensible float', { subFormat: 3, bitDepth: 32, audio: half(bytes => bytes.writeFloatLE(0.5), 4) }],
  ]
  test.each(depths)('half of full scale is 16384 in %s', async (_name, fields) => {
    const { samples } = await decode(wavBytes(fields))
    expect(samples.length).toBe(800)
    expect(samples.every(sample => sample === 16_384)).toBe(true)
  })

  test('channels are averaged', async () => {
    const audio = Buffer.alloc(4 * 100)
    for (let frame = 0; frame < 100; frame++) {
      audio.writeInt16LE(1000, frame * 4)
      audio.writeInt16LE(3000, frame * 4 + 2)
    }
    const { samples } = await decode(wavBytes({ channels: 2, audio }))
    expect(samples).toEqual(new Int16Array(100).fill(2000))
  })

  test('floats beyond full scale are clipped, not wrapped', async () => {
    const audio = Buffer.alloc(8)
    audio.writeFloatLE(3, 0)
    audio.writeFloatLE(-3, 4)
    const { samples } = await decode(wavBytes({ format: 3, bitDepth: 32, audio }))
    expect([...samples]).toEqual([32_767, -32_768])
  })

  test('chunks that are no audio are skipped, odd lengths and any place included', async () => {
    const file = wavBytes({
      before: [chunk('JUNK', Buffer.alloc(27))],
      between: [chunk('LIST', Buffer.alloc(33, 65)), chunk('fact', Buffer.alloc(4))],
      after: [chunk('id3 ', Buffer.alloc(11, 66))],
      audio: rampBytes,
    })
    expect((await decode(file)).samples).toEqual(ramp)
  })

  test.each([0, 0xffff_ffff, 0x8000_0000, 0x7fff_f000])(
    'an announced length of %i means: until the end of the stream',
    async dataBytes => {
      expect((await decode(wavBytes({ audio: rampBytes, dataBytes }))).samples).toEqual(ramp)
    },
  )
})

test('a recording of no length is decoded to no samples', async () => {
  const { samples, durationMs } = await decode(wavBytes({ audio: Buffer.alloc(0) }))
  expect([samples.length, durationMs]).toEqual([0, 0])
})

describe('what is refused says what was wrong', () => {
  const wrong: [string, Buffer, RegExp][] = [
    ['0 Hz', wavBytes({ sampleRate: 0 }), /sample rate of 0 Hz/],
    ['4 GHz', wavBytes({ sampleRate: 4e9 }), /sample rate of 4000000000 Hz/],
    ['0 channels', wavBytes({ channels: 0 }), /0 channels/],
    ['9 channels', wavBytes({ channels: 9 }), /9 channels/],
    ['33 bits', wavBytes({ bitDepth: 33, blockAlign: 5 }), /33-bit pcm/],
    ['a format that nobody has', wavBytes({ format: 4660 }), /format 4660/],
    ['16-bit floats', wavBytes({ format: 3 }), /16-bit float/],
    ['contradicting block size', wavBytes({ blockAlign: 4 }), /contradicts itself/],
    ['cut audio', wavBytes().subarray(0, 1000), /announces 3200 bytes of audio, 956 came/],
    ['cut in the RIFF header', wavBytes().subarray(0, 9), /cut short/],
    ['cut in the format', wavBytes().subarray(0, 30), /inside its format header/],
    ['cut before the audio', wavBytes().subarray(0, 38), /cut short/],
    [
      'audio before the format',
      Buffer.concat([Buffer.from('RIFF____WAVE'), chunk('data', rampBytes)]),
      /before its format/,
    ],
    [
      'a format header of 3 bytes',
      Buffer.concat([Buffer.from('RIFF____WAVE'), chunk('fmt ', Buffer.alloc(3))]),
      /3 bytes long/,
    ],
    ['big-endian WAV', Buffer.concat([Buffer.from('RIFX____WAVE'), Buffer.alloc(50)]), /RIFX/],
    ['a head that is another', Buffer.from('RIFF____AVI and so on and on'), /not audio/],
  ]
  test.each(wrong)('%s', async (_name, bytes, message) => {
    const error = await refusal(bytes)
    expect(error.code).toBe('audio_invalid')
    expect(error.message).toMatch(message)
    expect(error.mend).toBeTruthy()
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('a float that is %d, with its place', async value => {
    const audio = Buffer.alloc(4 * 16_000)
    audio.writeFloatLE(value, 4 * 8000)
    const error = await refusal(wavBytes({ format: 3, bitDepth: 32, audio }))
    expect(error.code).toBe('audio_invalid')
    expect(error.message).toMatch(/0\.500 s/)
  })

  test('any garbage ends in a result or a QuantvoxError', async () => {
    const file = wavBytes({ audio: rampBytes.subarray(0, 400) })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 4, max: 60 }), fc.integer({ min: 0, max: 255 })), {
          maxLength: 6,
        }),
        fc.integer({ min: 0, max: file.length }),
        async (changes, length) => {
          const broken = Buffer.from(file.subarray(0, length))
          for (const [offset, value] of changes) if (offset < broken.length) broken[offset] = value
          const result = await decode(broken).catch((error: unknown) => error)
          if (result instanceof Error) expect(result).toBeInstanceOf(QuantvoxError)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('limits hold while decoding', () => {
  test('too many seconds are refused before the rest is decoded', async () => {
    const file = wavBytes({ dataBytes: 0, audio: Buffer.alloc(64_000 * 100) })
    const started = performance.now()
    const error = await refusal(file, { maxBytes: 1e9, maxSeconds: 2 })
    expect(error).toMatchObject({ code: 'too_large', message: expect.stringContaining('2 s') })
    expect(performance.now() - started).toBeLessThan(500)
  })

  test('a low rate makes few bytes long: seconds are counted, not bytes', async () => {
    const file = wavBytes({ bitDepth: 8, sampleRate: 8000, audio: Buffer.alloc(8000 * 11, 128) })
    expect((await refusal(file)).code).toBe('too_large')
  })

  test('too many bytes are refused', async () => {
    expect(
      (await refusal(wavBytes({ audio: Buffer.alloc(9000) }), { maxBytes: 5000, maxSeconds: 10 })).code,
    ).toBe('too_large')
  })

  test('chunks that are skipped count, too', async () => {
    const file = wavBytes({ before: [chunk('JUNK', Buffer.alloc(9000))] })
    expect((await refusal(file, { maxBytes: 5000, maxSeconds: 10 })).code).toBe('too_large')
  })

  test('an abort ends it with the reason of the signal', async () => {
    const controller = new AbortController()
    const decoding = decodeAudio(
      wavBytes({ audio: Buffer.alloc(16e6) }),
      { maxBytes: 1e9, maxSeconds: 600 },
      controller.signal,
    )
    setImmediate(() => controller.abort(new Error('gone')))
    await expect(decoding).rejects.toThrow('gone')
  })
})

describe('the event loop goes on', () => {
  /** Large enough that work which does not give way would hold it for a second or more. */
  const large: [string, () => Buffer][] = [
    [
      '400,000 empty chunks',
      () => wavBytes({ before: [Buffer.alloc(3_200_000, 'LIST\0\0\0\0')], dataBytes: 0 }),
    ],
    ['heads that are none', () => wavBytes({ dataBytes: 0, audio: Buffer.alloc(64e6, 'WAVEfmtx') })],
    [
      '8 channels of 64-bit floats',
      () => wavBytes({ format: 3, bitDepth: 64, channels: 8, audio: Buffer.alloc(64e6, 1) }),
    ],
    [
      '300 files glued together',
      () => Buffer.concat(Array.from({ length: 300 }, () => wavBytes({ sampleRate: 191_975 }))),
    ],
    ['a rate that divides nothing', () => wavBytes({ sampleRate: 191_999, audio: Buffer.alloc(16e6) })],
  ]
  test.each(large)('%s', async (_name, make) => {
    const file = make()
    const loop = watchEventLoop()
    await decode(file, { maxBytes: 1e9, maxSeconds: 600 }).catch(error =>
      expect(error).toBeInstanceOf(QuantvoxError),
    )
    expect((await loop.stop()).workMs).toBeLessThan(100)
  })
})
