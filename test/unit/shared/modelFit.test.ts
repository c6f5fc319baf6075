import { expect, it } from 'vitest'
import { fitOf, fitsMemory } from '../../../server/shared/modelFit.ts'

it('a model fits where its weights, what is held beside them and the rest of the server do', () => {
  expect(fitsMemory(500e6, 1450e6)).toBe(true)
  expect(fitsMemory(500e6, 1449e6)).toBe(false)
})

const small = { tag: 'small:1b', sizeBytes: 1e9, tokensPerSecond: 10 }
const large = { tag: 'large:8b', sizeBytes: 8e9, tokensPerSecond: 3 }
const of = (name: string, sizeBytes: number, measured = [small, large]) =>
  fitOf(name, sizeBytes, 16e9, { measured, bandwidthBytesPerSecond: measured.length > 0 ? null : 40e9 })

it('says of a model that was measured what was measured', () => {
  expect(of('large:8b', 8e9)).toEqual({
    ...{ neededBytes: 8.2e9, fits: true },
    ...{ tokensPerSecond: 3, tokensPerSecondIs: 'measured', tokensPerSecondFrom: 'large:8b' },
  })
})

it.each([
  ['of another that is larger than the nearest, what it does at least', 1.25e9, 8, 'at-least', 'small:1b'],
  ['of another that is smaller than the nearest, about what it does', 6e9, 4, 'about', 'large:8b'],
])('says %s: a token takes all weights once', (_, sizeBytes, tokensPerSecond, is, from) => {
  expect(of('other:2b', sizeBytes)).toMatchObject({
    ...{ tokensPerSecond, tokensPerSecondIs: is, tokensPerSecondFrom: from },
  })
})

it('says what no model exceeds where none was measured', () => {
  expect(of('other:2b', 2e9, [])).toMatchObject({
    ...{ tokensPerSecond: 20, tokensPerSecondIs: 'at-most', tokensPerSecondFrom: null },
  })
})
