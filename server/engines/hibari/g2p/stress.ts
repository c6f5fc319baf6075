/** Stress marks in phonemes of misaki's alphabet, where one character is one sound. */

export const PRIMARY = 'ˈ'
const SECONDARY = 'ˌ'
export const vowels: ReadonlySet<string> = new Set('AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻ')
const longSounds = new Set('AIOQWYʤʧ')

const has = (phonemes: string, wanted: ReadonlySet<string>) => [...phonemes].some(sound => wanted.has(sound))
const isMarked = (phonemes: string) => phonemes.includes(PRIMARY) || phonemes.includes(SECONDARY)

/** How long the sounds are together; diphthongs and affricates count twice. */
export function soundWeight(phonemes: string): number {
  let weight = 0
  for (const sound of phonemes) weight += longSounds.has(sound) ? 2 : 1
  return weight
}

/** Puts each mark in front of the vowel that it is for. */
function beforeVowels(phonemes: string): string {
  let placed = ''
  let waiting = ''
  for (const sound of phonemes) {
    if (sound === PRIMARY || sound === SECONDARY) waiting += sound
    else if (waiting !== '' && vowels.has(sound)) {
      placed += waiting + sound
      waiting = ''
    } else placed += sound
  }
  return placed + waiting
}

/**
 * Stresses a word more or less (misaki's `apply_stress`).
 * @param amount below −1 no stress at all, −1 one step less, −0.5 and 0 no primary stress, from 0 on at least a secondary one, 1 the
 * secondary becomes primary, above 1 a primary one; null leaves it as it is
 */
export function stressed(phonemes: string, amount: number | null): string {
  if (amount === null) return phonemes
  if (amount < -1) return phonemes.replaceAll(PRIMARY, '').replaceAll(SECONDARY, '')
  if (amount === -1 || (amount <= 0 && phonemes.includes(PRIMARY)))
    return phonemes.replaceAll(SECONDARY, '').replaceAll(PRIMARY, SECONDARY)
  const marked = isMarked(phonemes)
  if (amount >= 0 && amount <= 1 && !marked)
    return has(phonemes, vowels) ? beforeVowels(SECONDARY + phonemes) : phonemes
  if (amount >= 1 && marked && !phonemes.includes(PRIMARY)) return phonemes.replaceAll(SECONDARY, PRIMARY)
  if (amount > 1 && !marked) return has(phonemes, vowels) ? beforeVowels(PRIMARY + phonemes) : phonemes
  return phonemes
}

/** One that is spelled: unstressed letters, but the last, which has the stress. */
export function spelled(letters: string): string {
  const quiet = stressed(letters, 0)
  const last = quiet.lastIndexOf(SECONDARY)
  return last < 0 ? quiet : quiet.slice(0, last) + PRIMARY + quiet.slice(last + 1)
}
