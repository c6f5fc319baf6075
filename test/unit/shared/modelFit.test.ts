import { expect, it } from 'vitest'
import { fitOf, fitsMemory } from '../../../server/shared/modelFit.ts'

it('a model fits where its weights, what is held beside them and the rest of the server do', () => {
  expect(fitsMemory(500e6, 1450e6)).toBe(true)
  expect(fitsMemory(500e6, 1449e6)).toBe(false)
})

it('a token takes all weights once', () => {
  const fit = fitOf(500e6, 8e9, { bytesPerSecond: 10e9, from: 'small:1b' })
  expect(fit).toEqual({
    neededBytes: 700e6,
    fits: true,
    tokensPerSecond: 20,
    tokensPerSecondFrom: 'small:1b',
  })
})
