import { expect, test } from 'vitest'
import { espeakSounds } from '../../../../server/engines/piper/espeakSounds.ts'

/** As espeak-ng (en-us) writes these words, but for how strong a stress is. */
test.each([
  ['ready', 'ɹˈɛdi', 'ɹˈɛdi'],
  ['two, with what is said behind it', 'tˈu, ʌv', 'tˈuː, ʌv'],
  ['she', 'ʃˌi', 'ʃˌiː'],
  ['train', 'tɹˈAn', 'tɹˈeɪn'],
  ['loaf', 'lˈOf', 'lˈoʊf'],
  ['butter', 'bˈʌTəɹ', 'bˈʌɾɚ'],
  ['her bird', 'hˈɜɹ bˈɜɹd', 'hˈɜː bˈɜːd'],
  ['favorite, but for its last vowel', 'fˈAvəɹət', 'fˈeɪvɚɹət'],
  ['bought', 'bˈɔt', 'bˈɔːt'],
  ['change', 'ʧˈAnʤ', 'tʃˈeɪndʒ'],
  ['boy', 'bˈY', 'bˈɔɪ'],
  ['house', 'hˈWs', 'hˈaʊs'],
  ['fire', 'fˈIəɹ', 'fˈaɪɚ'],
  ['what ends a sentence', 'jˈɛs.', 'jˈɛs.'],
])('%s', (_, misaki, espeak) => {
  expect(espeakSounds(misaki)).toBe(espeak)
})
