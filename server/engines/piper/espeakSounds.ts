/** What misaki's alphabet writes with one sign, and espeak-ng's American English with others. */
const signs: Readonly<Record<string, string>> = {
  ...{ A: 'eɪ', I: 'aɪ', W: 'aʊ', Y: 'ɔɪ', O: 'oʊ', Q: 'əʊ' },
  ...{ ʤ: 'dʒ', ʧ: 'tʃ', T: 'ɾ', ᵊ: 'ə' },
  ...{ ɑ: 'ɑː', ɔ: 'ɔː', u: 'uː', i: 'iː' },
}
const VOWEL = '[AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻɐᵊ]'
const everyVowel = new RegExp(VOWEL, 'g')
/** A vowel with an r in it is one sound there, and the r is heard once more before another vowel. */
const coloured: readonly [RegExp, string][] = [
  [new RegExp(`[əᵊ]ɹ(?=[ˈˌ]?${VOWEL})`, 'g'), 'ɚɹ'],
  [/[əᵊ]ɹ/g, 'ɚ'],
  [new RegExp(`ɜɹ(?![ˈˌ]?${VOWEL})`, 'g'), 'ɜː'],
  [/ɜɹ/g, 'ɜːɹ'],
]

function wordOf(sounds: string): string {
  const isOneSyllable = (sounds.match(everyVowel) ?? []).length === 1
  const written = coloured.reduce((word, [from, to]) => word.replace(from, to), sounds)
  return [...written]
    .map((sound, at, all) => {
      // "happy" ends with a short one.
      const isShort = sound === 'i' && !isOneSyllable && !/[ˈˌ]/.test(all[at - 1] ?? '')
      return isShort ? sound : (signs[sound] ?? sound)
    })
    .join('')
}

/**
 * Phonemes of American English from misaki's alphabet into the one that espeak-ng writes, which Piper's voices were trained on. Stress stands
 * before the vowel in both.
 */
export const espeakSounds = (sounds: string): string => sounds.split(' ').map(wordOf).join(' ')
