import { describe, expect, test } from 'vitest'
import { samplesIn } from '../../../server/audio/pcm.ts'
import { createFramer } from '../../../server/hearing/framer.ts'

const FRAME = 512

describe.each([8000, 16_000, 24_000, 44_100, 48_000])('frames of sound at %i Hz', rate => {
  const packet = (from: number) =>
    Int16Array.from({ length: samplesIn(20, rate) }, (_, i) =>
      Math.round(10_000 * Math.sin((2 * Math.PI * 200 * (from + i)) / rate)),
    )

  test('come with the packet that they end with', () => {
    const { push } = createFramer(rate, FRAME)
    let frames = 0
    for (let packets = 1; packets <= 40; packets++) {
      frames += push(packet((packets - 1) * samplesIn(20, rate))).length
      expect([packets, frames]).toEqual([packets, Math.floor((packets * 320) / FRAME)])
    }
  })

  test('have all of the sound, at most 5 ms later', () => {
    const { push, end } = createFramer(rate, FRAME)
    const parts = Array.from({ length: 10 }, (_, i) => push(packet(i * samplesIn(20, rate)))).flat()
    const samples = [...parts, ...end()].flatMap(part => [...part])
    const tone = (i: number, late: number) => 10_000 * Math.sin((2 * Math.PI * 200 * (i - late)) / 16_000)
    const error = (late: number) =>
      Math.max(...samples.slice(400, 2800).map((sample, i) => Math.abs(sample - tone(i + 400, late))))
    expect(Math.min(...Array.from({ length: 80 }, (_, late) => error(late)))).toBeLessThan(200)
  })
})
