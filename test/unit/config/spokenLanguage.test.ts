import { expect, test } from 'vitest'
import { readConfig } from '../../../server/config.ts'
import { languageCode, refuseUnheard, spokenLanguage } from '../../../server/spokenLanguage.ts'

test.each([
  ...[
    ['en-US', 'en'],
    ['EN', 'en'],
    ['eng', 'en'],
    ['English', 'en'],
    [' de_AT ', 'de'],
    ['deu', 'de'],
    ['pt-BR', 'pt'],
  ],
  ...[
    ['zh-Hant-TW', 'zh'],
    ['cmn', 'zh'],
    ['yue', 'yue'],
    ['iw', 'he'],
    ['jv', 'jw'],
    ['fil', 'tl'],
    ['nb-NO', 'no'],
  ],
  ...[
    ['auto', 'auto'],
    ['AUTO', 'auto'],
    ['Haitian Creole', 'ht'],
  ],
])('%s means %s', (text, code) => {
  expect(languageCode(text)).toBe(code)
})

test.each([
  'xx',
  'klingon',
  'en--US',
  'en-',
  'x',
  '',
  'English, please',
  'zxx',
  'und',
  'mul',
  '__proto__',
  '\0',
])('%j is refused with the known ones', text => {
  expect(() => spokenLanguage(text, 'invalid_message')).toThrow(
    expect.objectContaining({
      code: 'invalid_message',
      mend: expect.stringMatching(/ af, .* en, .* zh, or auto/),
    }),
  )
})

test('an English-only level is asked for no other language', () => {
  expect(() => refuseUnheard('whisper-tiny.en-q8_0', 'de')).toThrow(/English only, not german/)
  for (const language of ['en', null]) refuseUnheard('whisper-tiny.en-q8_0', language)
  refuseUnheard('whisper-base-q8_0', 'de')
})

test('SPEECH_LANGUAGE is taken as people write it, and refused where the speech model cannot hear it', () => {
  const language = (flags: Record<string, string>) =>
    readConfig({ flags, environment: {}, dotEnv: {} }).config.SPEECH_LANGUAGE
  expect(language({})).toBe('auto')
  expect(language({ SPEECH_LANGUAGE: 'en-US' })).toBe('en')
  expect(language({ SPEECH_LANGUAGE: 'de_DE', SPEECH_MODEL: 'whisper-base-q8_0' })).toBe('de')
  expect(() => language({ SPEECH_LANGUAGE: 'de' })).toThrow(/English only/)
  expect(() => language({ SPEECH_LANGUAGE: 'klingon' })).toThrow(/no language "klingon"/)
})
