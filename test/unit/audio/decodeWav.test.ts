import { readFileSync } from 'node:fs'
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

/** "What's the weather like?", as one wrote it and as others do. */
const spoken = readFileSync('test/fixtures/speech/azure-weather.wav').subarray(44)
const heard = Int16Array.from({ length: spoken.length / 2 }, (_, index) => spoken.readInt16LE(index * 2))
const halves = [spoken.subarray(0, 30_000), spoken.subarray(30_000)] as const
const floats = (scale: number, bytes = 4) => {
  const audio = Buffer.alloc(heard.length * bytes)
  for (const [index, sample] of heard.entries()) {
    if (bytes === 4) audio.writeFloatLE((sample / 32_768) * scale, index * 4)
    else audio.writeDoubleLE((sample / 32_768) * scale, index * 8)
  }
  return audio
}
const stereo = (right: (sample: number) => number, channels = 2) => {
  const audio = Buffer.alloc(heard.length * 2 * channels)
  for (const [index, sample] of heard.entries()) {
    audio.writeInt16LE(sample, index * 2 * channels)
    audio.writeInt16LE(right(sample), index * 2 * channels + 2)
  }
  return audio
}
const ds64 = (dataBytes: number) => {
  const body = Buffer.alloc(28)
  body.writeBigUInt64LE(BigInt(dataBytes), 8)
  return chunk('ds64', body)
}
const rf64 = (fields: WavFields) => {
  const file = wavBytes(fields)
  file.write('RF64')
  return file
}
const unpadded = () => {
  const file = wavBytes({
    between: [chunk('LIST', Buffer.from('INFOISFT\x0b\0\0\0recorder 1.'))],
    audio: spoken,
  })
  const pad = file.indexOf('data') - 1
  return Buffer.concat([file.subarray(0, pad), file.subarray(pad + 1)])
}

describe('what every player takes is heard whole', () => {
  const whole: [string, Buffer][] = [
    ['a block size of 0', wavBytes({ blockAlign: 0, audio: spoken })],
    [
      'RF64 with its length in ds64',
      rf64({ before: [ds64(spoken.length)], audio: spoken, dataBytes: 0xffff_ffff }),
    ],
    ['RF64 of a stream', rf64({ before: [ds64(0xffff_ffff)], audio: spoken, dataBytes: 0xffff_ffff })],
    ['12 bits in two bytes', wavBytes({ bitDepth: 12, blockAlign: 2, audio: spoken })],
    ['two bytes fewer than announced', wavBytes({ audio: spoken, dataBytes: spoken.length + 2 })],
    ['a length with the header counted in', wavBytes({ audio: spoken, dataBytes: spoken.length + 44 })],
    ['half the length announced', wavBytes({ audio: spoken, dataBytes: spoken.length / 2 })],
    ['an odd length', wavBytes({ audio: Buffer.concat([spoken, Buffer.from([7])]) })],
    ['an odd chunk without padding', unpadded()],
    ['a tag that is cut short', wavBytes({ audio: spoken, after: [chunk('LIST', Buffer.alloc(20), 4000)] })],
    [
      'zeros after a tag',
      wavBytes({ audio: spoken, after: [chunk('LIST', Buffer.alloc(20)), Buffer.alloc(30)] }),
    ],
    ['two data chunks', wavBytes({ audio: halves[0], after: [chunk('data', halves[1])] })],
    ['two files glued together', Buffer.concat(halves.map(audio => wavBytes({ audio })))],
    [
      'two streamed files glued together',
      Buffer.concat(halves.map(audio => wavBytes({ audio, dataBytes: 0xffff_ffff }))),
    ],
    [
      'glued with zeros after a tag between',
      Buffer.concat([
        wavBytes({ audio: halves[0], after: [chunk('LIST', Buffer.alloc(4)), Buffer.alloc(10)] }),
        wavBytes({ audio: halves[1] }),
      ]),
    ],
    ['floats', wavBytes({ format: 3, bitDepth: 32, audio: floats(1) })],
    ['floats in the scale of 16-bit integers', wavBytes({ format: 3, bitDepth: 32, audio: floats(2 ** 15) })],
    [
      'floats in the scale of 24-bit integers',
      wavBytes({ format: 3, bitDepth: 64, audio: floats(2 ** 23, 8) }),
    ],
    ['floats in the scale of 32-bit integers', wavBytes({ format: 3, bitDepth: 32, audio: floats(2 ** 31) })],
    ['an inverted channel', wavBytes({ channels: 2, audio: stereo(sample => -Math.max(sample, -32_767)) })],
    ['the same on both channels', wavBytes({ channels: 2, audio: stereo(sample => sample) })],
  ]
  test.each(whole)('%s', async (_name, file) => {
    expect((await decode(file)).samples).toEqual(heard)
  })

  test('zeros at the end are silence', async () => {
    const file = Buffer.concat([wavBytes({ audio: spoken }), Buffer.alloc(10)])
    expect((await decode(file)).samples).toEqual(Int16Array.from([...heard, 0, 0, 0, 0, 0]))
  })

  test('an inverted channel beside a silent one', async () => {
    const file = wavBytes({ channels: 3, audio: stereo(sample => -Math.max(sample, -32_767), 3) })
    const { samples } = await decode(file)
    expect(samples.every((sample, index) => Math.abs(sample - ((heard[index] ?? 0) * 2) / 3) <= 1)).toBe(true)
  })

  test.each(['mulaw', 'alaw'])('the telephone codec %s', async name => {
    const { samples, sourceFormat } = await decode(readFileSync(`test/fixtures/sound/${name}.wav`))
    expect(sourceFormat).toMatch(/^wav (mu|A)-law 8 bit, 1 channel, 8000 Hz$/)
    expect(likeness(samples, heard)).toBeGreaterThan(0.99)
  })

  test('G.711 gives the values of its standard', async () => {
    const samplesOf = async (format: number, codes: number[]) => [
      ...(await decode(wavBytes({ format, bitDepth: 8, audio: Buffer.from(codes) }))).samples,
    ]
    expect(await samplesOf(7, [0x00, 0x80, 0xff, 0x7f, 0xf0, 0x0f])).toEqual([
      -32_124, 32_124, 0, 0, 120, -16_764,
    ])
    expect(await samplesOf(6, [0xd5, 0x55, 0xaa, 0x2a, 0xc5, 0x5a])).toEqual([
      8, -8, 32_256, -32_256, 264, -248,
    ])
  })
})

describe('what cannot be heard whole is refused with that reason', () => {
  const half = (fields: WavFields) => wavBytes({ ...fields, audio: halves[0] })
  const spiked = floats(1)
  spiked.writeFloatLE(30_000, 4000)
  const wrong: [string, Buffer, RegExp][] = [
    [
      'files of two rates glued together',
      Buffer.concat([half({}), half({ sampleRate: 8000 })]),
      /2 recordings.*not all have the same format/,
    ],
    [
      'a second file without its audio',
      Buffer.concat([half({}), half({}).subarray(0, 40)]),
      /cut short: it ends before any audio/,
    ],
    [
      'a second file that is cut',
      Buffer.concat([half({}), half({}).subarray(0, 10_000)]),
      /announces 30000 bytes of audio, 9956 came/,
    ],
    [
      'floats of which a few are large',
      wavBytes({ format: 3, bitDepth: 32, audio: spiked }),
      /scale.*cannot be told.*3\.00e\+4/,
    ],
    [
      'floats that are larger than any integer',
      wavBytes({ format: 3, bitDepth: 32, audio: floats(1e12) }),
      /scale.*cannot be told/,
    ],
    [
      'a thousand chunks',
      wavBytes({ before: Array.from({ length: 1001 }, () => chunk('LIST', Buffer.alloc(0))) }),
      /more than 1000 chunks/,
    ],
    [
      'a codec in two pieces',
      wavBytes({ format: 85, after: [chunk('data', Buffer.alloc(2))] }),
      /2 recordings with MP3/,
    ],
  ]
  test.each(wrong)('%s', async (_name, file, message) => {
    const error = await refusal(file)
    expect([error.code, error.mend === undefined]).toEqual(['audio_invalid', false])
    expect(error.message).toMatch(message)
  })

  test.each<[string, number]>([
    ['Microsoft ADPCM', 2],
    ['IMA ADPCM', 17],
    ['GSM 6.10', 49],
    ['MP3', 85],
  ])('%s without ffmpeg, with the codec and the command', async (codec, format) => {
    const error = await refusal(wavBytes({ format }))
    expect([error.code, error.message]).toEqual(['unsupported_media_type', expect.stringContaining(codec)])
    expect(error.mend).toMatch(/apt install ffmpeg.*ffmpeg -i INPUT/)
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

/** Correlation of two sounds that begin at the same time. */
function likeness(one: Int16Array, other: Int16Array): number {
  let [both, ones, others] = [0, 0, 0]
  for (let index = 0; index < Math.min(one.length, other.length); index++) {
    const [a, b] = [one[index] ?? 0, other[index] ?? 0]
    both += a * b
    ones += a * a
    others += b * b
  }
  return both / Math.sqrt(ones * others)
}
