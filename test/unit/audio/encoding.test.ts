import { setImmediate as others } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { decodeAudio } from '../../../server/audio/decodeAudio.ts'
import { ENCODED_RATE } from '../../../server/audio/encoding/encode.ts'
import { atEncodedRate, audioFormats } from '../../../server/audio/encoding/formats.ts'
import { createOggPages } from '../../../server/audio/encoding/oggPages.ts'
import { createTempo } from '../../../server/audio/encoding/tempo.ts'
import { joinSamples } from '../../../server/audio/pcm.ts'
import { findOnPath } from '../../../server/setup/index.ts'

const { signal } = new AbortController()
const limits = { maxBytes: 1e8, maxSeconds: 60 }
const tone = (hertz: number, seconds: number, rate = ENCODED_RATE) =>
  Int16Array.from({ length: seconds * rate }, (_, i) => 8000 * Math.sin((2 * Math.PI * hertz * i) / rate))

/** Pieces of any size, so that edges fall anywhere. */
async function* pieces(samples: Int16Array) {
  for (let at = 0, size = 1; at < samples.length; at += size, size = (size * 7 + 11) % 5000)
    yield samples.subarray(at, at + size)
}

/** Crossings of zero upwards a second, without what an encoder does at both ends. */
function hertzOf(samples: Int16Array, rate: number): number {
  const [from, to] = [rate / 4, samples.length - rate / 4]
  let crossings = 0
  for (let i = from; i < to; i++) if ((samples[i - 1] ?? 0) < 0 && (samples[i] ?? 0) >= 0) crossings++
  return crossings / ((to - from) / rate)
}

async function bytesOf(name: string, samples: Int16Array): Promise<Buffer> {
  const format = audioFormats[name]
  if (!format) throw new Error(`no ${name}`)
  return Buffer.concat(await Array.fromAsync(format.encode(pieces(samples), signal)))
}

/** Without ffmpeg on PATH, as in CI, what is held against it is left out. */
const withFfmpeg = (await findOnPath('ffmpeg')) === null ? () => {} : describe

/** Held against what ffmpeg makes of their bytes. */
withFfmpeg('encoders', () => {
  test.each([
    ['mp3', 'mp3', 0.12],
    ['opus', 'ogg', 0.001],
    ['wav', 'wav', 0.001],
    ['flac', 'flac', 0.001],
    ['aac', 'aac', 0.12],
  ])('%s is what it says, as long and at the same pitch', async (name, container, within) => {
    const bytes = await bytesOf(name, tone(440, 2))
    const { samples, durationMs, sourceFormat } = await decodeAudio(bytes, limits, signal)
    expect(sourceFormat.toLowerCase()).toContain(container)
    expect(Math.abs(durationMs / 1000 - 2)).toBeLessThan(within)
    expect(hertzOf(samples, 16_000)).toBeCloseTo(440, -1)
  })

  test('bodies of mp3 may be concatenated, as LibreChat does', async () => {
    const one = await bytesOf('mp3', tone(440, 1))
    const { durationMs } = await decodeAudio(Buffer.concat([one, one]), limits, signal)
    expect(durationMs / 1000).toBeCloseTo(2, 0)
  })

  test('a sound shorter than a frame is encoded whole', async () => {
    const { durationMs } = await decodeAudio(await bytesOf('opus', tone(440, 0.01)), limits, signal)
    expect(durationMs).toBeCloseTo(10, 0)
  })
})

test.each(['mp3', 'opus'])('two answers at once in %s are encoded apart', async name => {
  const tones = [tone(440, 1), tone(880, 1)]
  // Opus in Ogg has a serial of its own each time: its sound is as long.
  const known = (bytes: Buffer) => (name === 'mp3' ? bytes : bytes.length)
  const apart = []
  for (const sound of tones) apart.push(known(await bytesOf(name, sound)))
  const together = await Promise.all(tones.map(sound => bytesOf(name, sound)))
  expect(together.map(known)).toEqual(apart)
})

test('answers in mp3 that follow each other take one encoder, also where somebody left before the end', async () => {
  const first = await bytesOf('mp3', tone(440, 1))
  const instantiate = vi.spyOn(WebAssembly as unknown as { instantiate(): unknown }, 'instantiate')
  onTestFinished(() => void instantiate.mockRestore())
  const encode = audioFormats.mp3?.encode
  await others()
  for await (const _ of encode?.(pieces(tone(880, 1)), signal) ?? []) break
  for (const _ of ['after it', 'after that']) {
    await others()
    expect(await bytesOf('mp3', tone(440, 1))).toEqual(first)
  }
  // Each new one has 16 MiB of its own, and to let go of them takes a collection that holds up every voice.
  expect(instantiate).not.toHaveBeenCalled()
})

test('the first page of Opus does not wait for more than 40 ms of sound', async () => {
  const { encode } = audioFormats.opus ?? {}
  async function* once() {
    yield tone(440, 1)
  }
  const pages = await Array.fromAsync(encode?.(once(), signal) ?? [])
  // Two pages of headers come with it; positions are at 48 kHz.
  const lasts = pages.map(bytes => {
    const page = Buffer.from(bytes)
    return page.readBigInt64LE(page.lastIndexOf('OggS') + 6)
  })
  expect(lasts.slice(0, 3)).toEqual([40n, 140n, 240n].map(ms => ms * 48n))
})

test.each(['mp3', 'opus', 'wav', 'pcm'])(
  'of a long clause that came at once the first of it leaves as %s before the rest is made',
  async name => {
    async function* once() {
      yield { samples: tone(440, 30, 16_000), sampleRate: 16_000 }
    }
    let parts = 0
    const partsAtTurns: number[] = []
    const turns = setInterval(() => partsAtTurns.push(parts), 0)
    for await (const _ of audioFormats[name]?.encode(atEncodedRate(once(), 1, signal), signal) ?? []) parts++
    clearInterval(turns)
    // Tens of milliseconds of work at least: what else waits in the event loop, the socket among it, has its turn often.
    expect(partsAtTurns.filter(done => done > 0 && done < parts).length).toBeGreaterThan(5)
  },
)

describe('without an encoder', () => {
  test('pcm is nothing but the samples', async () => {
    const samples = tone(440, 1)
    expect(await bytesOf('pcm', samples)).toEqual(Buffer.from(samples.buffer))
  })

  test('wav has one header, and lengths that say that they are not known', async () => {
    const bytes = await bytesOf('wav', tone(440, 1))
    expect([bytes.toString('latin1', 0, 4), bytes.readUInt32LE(4)]).toEqual(['RIFF', 0xffff_ffff])
    expect([bytes.toString('latin1', 36, 40), bytes.readUInt32LE(40)]).toEqual(['data', 0xffff_ffff])
    expect([bytes.readUInt32LE(24), bytes.lastIndexOf('RIFF')]).toEqual([ENCODED_RATE, 0])
  })
})

test('many packets become several pages', () => {
  const pages = createOggPages(7).page(
    Array.from({ length: 300 }, () => new Uint8Array(10)),
    300,
    true,
  )
  const starts = [...pages.toString('latin1').matchAll(/OggS/g)].map(({ index }) => index)
  expect(starts.map(at => [pages[at + 5], pages[at + 26]])).toEqual([
    [2, 255],
    [4, 45],
  ])
})

test.each([8_000, 16_000, 22_050, 24_000, 48_000])('a voice at %i Hz is sent at 24 kHz', async rate => {
  async function* spoken() {
    for await (const samples of pieces(tone(440, 1, rate))) yield { samples, sampleRate: rate }
  }
  const samples = joinSamples(await Array.fromAsync(atEncodedRate(spoken(), 1, signal)))
  expect(Math.abs(samples.length - ENCODED_RATE)).toBeLessThan(50)
  expect(hertzOf(samples, ENCODED_RATE)).toBeCloseTo(440, -1)
})

test.each([0.25, 0.5, 0.9, 1.1, 1.5, 2, 4])('%f times as fast keeps the pitch', speed => {
  const tempo = createTempo(speed, ENCODED_RATE)
  const sound = tone(200, 4)
  const parts: Int16Array[] = []
  for (let at = 0; at < sound.length; at += 2400) parts.push(tempo.push(sound.subarray(at, at + 2400)))
  const samples = joinSamples([...parts, tempo.end()])
  expect(Math.abs(samples.length / ENCODED_RATE - 4 / speed)).toBeLessThan(0.1)
  expect(Math.abs(hertzOf(samples, ENCODED_RATE) - 200)).toBeLessThan(6)
  expect(samples.reduce((most, sample) => Math.max(most, sample), 0)).toBeLessThan(8100)
})
