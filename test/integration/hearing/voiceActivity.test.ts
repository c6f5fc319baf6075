import { describe, expect, test } from 'vitest'
import { FRAME_SAMPLES } from '../../../server/hearing/voiceActivity.ts'
import { activity, clips, findSpeech } from '../../support/hearing/heardClips.ts'

const never = new AbortController().signal
const named = (file: string) => {
  const clip = clips.find(({ file: name }) => name === file)
  if (clip === undefined) throw new Error(`no clip ${file}`)
  return clip
}

describe('speech is found', () => {
  test('in every clip of speech and in none of the others', () => {
    const withSpeech = clips.filter(({ found }) => found.segments.length > 0).map(({ file }) => file)
    expect(withSpeech).toEqual(clips.filter(({ kind }) => kind === 'speech').map(({ file }) => file))
  })

  test('with its pauses', () => {
    const { segments, speechMs, lastVoicedMs } = named('azure-katie-steve-1.wav').found
    expect(segments).toHaveLength(3)
    expect(speechMs).toBeGreaterThan(4500)
    expect(speechMs).toBeLessThan(5500)
    expect(lastVoicedMs).toBe(segments[2]?.endMs)
  })

  test('not beyond the end of the clip', () => {
    for (const { found, audioMs } of clips) expect(found.lastVoicedMs ?? 0).toBeLessThanOrEqual(audioMs)
  })
})

describe('nothing is found', () => {
  test('in digital silence, in a click, in a hum and in an empty clip', async () => {
    const click = new Int16Array(32_000)
    click.fill(30_000, 16_000, 16_080)
    const hum = Int16Array.from(
      { length: 32_000 },
      (_, index) => 8000 * Math.sin((2 * Math.PI * 50 * index) / 16_000),
    )
    for (const samples of [new Int16Array(64_000), click, hum, new Int16Array(0)]) {
      expect((await findSpeech(samples, never)).segments).toEqual([])
    }
  })
})

test('streams do not disturb each other', async () => {
  const { samples } = named('azure-weather.wav')
  const frames = Array.from({ length: 40 }, (_, index) =>
    samples.subarray(index * FRAME_SAMPLES, (index + 1) * FRAME_SAMPLES),
  )
  const alone = activity.open()
  const expected: number[] = []
  for (const frame of frames) expected.push(await alone.push(frame))

  const [one, other] = [activity.open(), activity.open()]
  const [first, second]: [number[], number[]] = [[], []]
  for (const frame of frames) {
    const [a, b] = await Promise.all([one.push(frame), other.push(frame)])
    first.push(a)
    second.push(b)
  }
  expect(first).toEqual(expected)
  expect(second).toEqual(expected)
})

test('half a second into digital silence nothing is reckoned any more, and what is said then is heard as if nothing had been', async () => {
  const { samples } = named('azure-weather.wav')
  const frames = Array.from({ length: 40 }, (_, index) =>
    samples.subarray(index * FRAME_SAMPLES, (index + 1) * FRAME_SAMPLES),
  )
  const hear = async (stream: ReturnType<typeof activity.open>, all: Int16Array[]) => {
    const heard: number[] = []
    for (const frame of all) heard.push(await stream.push(frame))
    return heard
  }
  const [spokenTo, fresh] = [activity.open(), activity.open()]
  const silence = Array.from({ length: 200 }, () => new Int16Array(FRAME_SAMPLES))
  await hear(spokenTo, frames)
  const inSilence = await hear(spokenTo, silence)
  expect(inSilence.slice(40)).toEqual(silence.slice(40).map(() => 0))
  expect(await hear(spokenTo, frames)).toEqual(await hear(fresh, frames))
})

test('each frame is heard after the end of the one before', async () => {
  // A stream that forgets its 64 samples of context hears the second frame as if it came after silence.
  const { samples } = named('azure-weather.wav')
  const start = 20 * FRAME_SAMPLES
  const whole = activity.open()
  await whole.push(samples.slice(start, start + FRAME_SAMPLES))
  const inOrder = await whole.push(samples.slice(start + FRAME_SAMPLES, start + 2 * FRAME_SAMPLES))
  const cut = activity.open()
  const muted = samples.slice(start, start + FRAME_SAMPLES)
  muted.fill(0, FRAME_SAMPLES - 64)
  await cut.push(muted)
  expect(await cut.push(samples.slice(start + FRAME_SAMPLES, start + 2 * FRAME_SAMPLES))).not.toBe(inOrder)
})

test('a frame of another length is refused', async () => {
  await expect(activity.open().push(new Int16Array(480))).rejects.toThrow(RangeError)
})

test('an aborted search stops with the reason', async () => {
  const controller = new AbortController()
  const finding = findSpeech(new Int16Array(16_000 * 300), controller.signal)
  controller.abort(new Error('gone'))
  await expect(finding).rejects.toThrow('gone')
})
