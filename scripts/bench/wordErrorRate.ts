/** Lower case, no punctuation, hyphens as spaces: what the speech set's texts (written form, no digits) need. */
export function normalizedWords(text: string): string[] {
  return text
    .toLowerCase()
    .normalize('NFKC')
    .replace(/[’‘]/g, "'")
    .replace(/[-–—]/g, ' ')
    .replace(/[^\p{L}\p{N}\s]/gu, '')
    .split(/\s+/)
    .filter(word => word !== '')
}

/** Fewest substitutions, insertions and deletions of words that make one sequence the other (Levenshtein). */
export function wordEdits(reference: readonly string[], hypothesis: readonly string[]): number {
  let previous = Array.from({ length: hypothesis.length + 1 }, (_, column) => column)
  for (const [row, word] of reference.entries()) {
    const current = [row + 1]
    for (const [column, heard] of hypothesis.entries()) {
      current.push(
        Math.min(
          (previous[column] ?? 0) + (word === heard ? 0 : 1),
          (previous[column + 1] ?? 0) + 1,
          (current[column] ?? 0) + 1,
        ),
      )
    }
    previous = current
  }
  return previous.at(-1) ?? 0
}

/** Word error rate in percent over all pairs: edits by reference words. */
export function wordErrorRate(pairs: readonly { reference: string; hypothesis: string }[]): number {
  let edits = 0
  let words = 0
  for (const { reference, hypothesis } of pairs) {
    const expected = normalizedWords(reference)
    edits += wordEdits(expected, normalizedWords(hypothesis))
    words += expected.length
  }
  return words === 0 ? 0 : (edits / words) * 100
}
