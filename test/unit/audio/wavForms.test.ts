import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeAudio } from '../../../server/audio/decodeAudio.ts'
import { failureOf } from '../../support/failureOf.ts'
import { chunk, type WavFields, wavBytes } from '../../support/wavBytes.ts'

const limits = { maxBytes: 2 ** 20, maxSeconds: 10 }
const { signal } = new AbortController()
const decode = (bytes: Buffer, within = limits) => decodeAudio(bytes, within, signal, '/nowhere/ffmpeg')
const refusal = (bytes: Buffer, within = limits) => failureOf(decode(bytes, within))

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
