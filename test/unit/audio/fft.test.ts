import { expect, test } from 'vitest'
import { createFft } from '../../../server/audio/fft.ts'

test.each([2, 5, 12, 35, 400, 1200])('a transform of %i numbers is the sum by its definition', size => {
  const re = Float64Array.from({ length: size }, (_, index) => Math.sin(index * index))
  const im = Float64Array.from({ length: size }, (_, index) => Math.cos(3 * index))
  const found = createFft(size)(re, im)
  for (let bin = 0; bin < size; bin++) {
    let [sumRe, sumIm] = [0, 0]
    for (let index = 0; index < size; index++) {
      const angle = (-2 * Math.PI * bin * index) / size
      sumRe += (re[index] ?? 0) * Math.cos(angle) - (im[index] ?? 0) * Math.sin(angle)
      sumIm += (re[index] ?? 0) * Math.sin(angle) + (im[index] ?? 0) * Math.cos(angle)
    }
    expect([found.re[bin], found.im[bin]]).toEqual([expect.closeTo(sumRe, 8), expect.closeTo(sumIm, 8)])
  }
})
