import { expect, test } from 'vitest'
import { cutsNear, longTexts } from '../../../scripts/bench/kvCache/contexts.ts'
import { type Reading, table } from '../../../scripts/bench/kvCache/figures.ts'

test('texts are long enough for every context, and no two begin alike', () => {
  const texts = longTexts(6)
  for (const text of texts) expect(text.length).toBeGreaterThan(10_000)
  expect(new Set(texts.map(text => text.slice(0, 40))).size).toBe(6)
})

test('each cut goes on from the one before, and ends where a word does', () => {
  const [text = ''] = longTexts(1)
  const cuts = cutsNear(text, 200, 5)
  expect(cuts).toHaveLength(5)
  for (const [at, cut] of cuts.entries()) {
    expect(text.startsWith(cut)).toBe(true)
    expect(text.charAt(cut.length)).toMatch(/\s/)
    expect(cut.length).toBeGreaterThan(cuts[at - 1]?.length ?? 600)
  }
})

test('a type of cache is held against the first on the same texts', () => {
  const next = (chosen: string, logprob = -0.1) => ({ chosen, top: [{ token: chosen, logprob }] })
  const reading = (promptMs: number, replyMs: number, chosen: string[]): Reading => ({
    ...{ promptTokens: 100, promptMs, replyTokens: 10, replyMs, bytes: 200e6 },
    next: chosen.map(token => next(token)),
  })
  const arms = ['f16', 'q8_0'].map(name => ({ name, env: {} }))
  const text = table(arms, [
    [reading(100, 50, ['a', 'b', 'c', 'd'])],
    [reading(200, 25, ['a', 'b', 'c', 'x'])],
  ])
  const [, first, second] = text.split('\n')
  expect(first).toMatch(/^f16 +100 +1\.00 +1\.00 +200 MB +100\.0 % of 4 +0\.0000/)
  expect(second).toMatch(/^q8_0 +100 +0\.50 +2\.00 +200 MB +75\.0 % of 4 +[\d.]+$/)
})
