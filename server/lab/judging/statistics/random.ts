/**
 * Numbers in [0, 1) that follow from `key` alone, so that a report judged again says the same. Mulberry32 (Tommy
 * Ettinger, public domain) seeded by the 32-bit FNV-1a hash of the key; good enough to draw clips, no cryptography.
 */
export function seededRandom(key: string): () => number {
  let state = 0x811c9dc5
  for (const byte of Buffer.from(key)) state = Math.imul(state ^ byte, 0x01000193)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
