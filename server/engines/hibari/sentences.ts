/** The network was trained on sentences that are no longer. */
const MAX_PHONEMES = 400

const sentenceEnd = /(?<=[.!?…])["”’)\]]*\s+(?=\S)/g

/** Cuts a text where sentences end, and not behind "Dr." or an initial. */
export function sentencesOf(text: string, titles: Readonly<Record<string, string>>): string[] {
  const sentences: string[] = []
  let start = 0
  for (const { index, 0: gap } of text.matchAll(sentenceEnd)) {
    const end = index + gap.length
    if (!isEnd(text.slice(start, index), text[end] ?? '', titles)) continue
    sentences.push(text.slice(start, index))
    start = end
  }
  return [...sentences, text.slice(start)]
    .map(sentence => sentence.trim())
    .filter(sentence => sentence !== '')
}

function isEnd(sentence: string, next: string, titles: Readonly<Record<string, string>>): boolean {
  if (next !== next.toUpperCase()) return false
  if (!sentence.endsWith('.')) return true
  const last = /\S*$/.exec(sentence.slice(0, -1))?.[0].replace(/^[("“'‘]+/, '') ?? ''
  return !Object.hasOwn(titles, last) && !/^\p{Lu}$/u.test(last)
}

/** Phonemes in stretches for the network: at punctuation, else at a blank, else anywhere. */
export function withinLimit(phonemes: string): string[] {
  const stretches: string[] = []
  let rest = phonemes
  while (rest.length > MAX_PHONEMES) {
    const most = rest.slice(0, MAX_PHONEMES + 1)
    const pause = /^[\s\S]*[,;:—.!?]\s/.exec(most) ?? /^[\s\S]*\s/.exec(most)
    const length = pause?.[0].length ?? MAX_PHONEMES
    stretches.push(rest.slice(0, length).trim())
    rest = rest.slice(length)
  }
  return [...stretches, rest.trim()].filter(stretch => stretch !== '')
}
