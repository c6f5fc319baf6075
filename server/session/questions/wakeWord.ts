import { distance } from 'fastest-levenshtein'
import type { HeardText, Recognition } from '../../recognition/recognizer.ts'

/**
 * Letters, of those of the wake word, that may be heard as others where it is known to have been said: "Hey Travis" is "hey jarvis".
 * Where it is not, a question may well begin with something like it.
 */
const MISHEARD_SHARE = 0.45
const MISHEARD_SHARE_UNHEARD = 0.25
/** What was said before the wake word may be in the utterance, too: so many words of it. */
const MAX_WORDS_BEFORE = 3

/**
 * The same, but for the wake word that the utterance begins with, and what comes before it.
 * @param phrase its name, for instance hey-jarvis
 * @param isWoken whether it was heard
 */
export function withoutWakeWord(recognition: Recognition, phrase: string, isWoken: boolean): Recognition {
  const cleaned = <H extends HeardText>(heard: H): H => ({
    ...heard,
    text: afterWakeWord(heard.text, phrase, isWoken),
    firstText: heard.firstText && afterWakeWord(heard.firstText, phrase, isWoken),
  })
  return {
    ...recognition,
    paused: (speech, heard) =>
      recognition.paused(speech, heard && (text => heard(afterWakeWord(text, phrase, isWoken)))),
    textAtPause() {
      const heard = recognition.textAtPause()
      return heard && cleaned(heard)
    },
    partials(listener) {
      recognition.partials(partial => {
        const rest = cleaned(partial)
        const left = partial.text.length - rest.text.length
        listener({ ...rest, stableLength: Math.max(0, partial.stableLength - left) })
      })
    },
    finish: async (speech, signal) => cleaned(await recognition.finish(speech, signal)),
  }
}

/** What is said after the wake word; '' where that is all, and the whole text where it does not begin with it. */
export function afterWakeWord(text: string, phrase: string, isWoken: boolean): string {
  const wanted = lettersOf(phrase)
  const words = [...text.matchAll(/[\p{L}\p{N}'’]+/gu)]
  // So far only its beginning was understood.
  if (isWoken && words.length > 0 && wanted.startsWith(lettersOf(text))) return ''
  const least = { share: isWoken ? MISHEARD_SHARE : MISHEARD_SHARE_UNHEARD, endsAt: 0 }
  const maxWords = phrase.split(/[^\p{L}\p{N}]+/u).length + 1
  for (const [first, { index }] of words.slice(0, isWoken ? MAX_WORDS_BEFORE + 1 : 1).entries()) {
    for (const last of words.slice(first, first + maxWords)) {
      const endsAt = last.index + last[0].length
      const share = distance(lettersOf(text.slice(index, endsAt)), wanted) / wanted.length
      if (share < least.share) Object.assign(least, { share, endsAt })
    }
  }
  if (least.endsAt === 0) return text
  const rest = text.slice(least.endsAt).replace(/^[^\p{L}\p{N}]+/u, '')
  return rest.charAt(0).toUpperCase() + rest.slice(1)
}

const lettersOf = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
