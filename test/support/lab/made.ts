import { randomFrom, seedOf } from '../../../server/shared/seeded.ts'

/** The moment of the i-th observation; nothing depends on it. */
export const at = '2026-11-25T09:00:01.000Z'

/** A factor around 1, of a seed that the words give; half of them below 1. */
export function jitter(size: number, ...words: (string | number)[]): number {
  return 1 + size * (drawn(...words) - 0.5) * 2
}

/** 0 to below 1, of a seed that the words give. */
export const drawn = (...words: (string | number)[]): number => randomFrom(seedOf(words.join('|')))()
