import { type ErrorCode, QuantvoxError } from './errors.ts'

/** The languages of Whisper, by ISO 639 code, with whisper.cpp's own names (`g_lang` in whisper.cpp 1.9), as it says what it heard. */
const names =
  'af afrikaans|am amharic|ar arabic|as assamese|az azerbaijani|ba bashkir|be belarusian|bg bulgarian|bn bengali|bo tibetan|br breton|bs bosnian|ca catalan|cs czech|cy welsh|da danish|de german|el greek|en english|es spanish|et estonian|eu basque|fa persian|fi finnish|fo faroese|fr french|gl galician|gu gujarati|ha hausa|haw hawaiian|he hebrew|hi hindi|hr croatian|ht haitian creole|hu hungarian|hy armenian|id indonesian|is icelandic|it italian|ja japanese|jw javanese|ka georgian|kk kazakh|km khmer|kn kannada|ko korean|la latin|lb luxembourgish|ln lingala|lo lao|lt lithuanian|lv latvian|mg malagasy|mi maori|mk macedonian|ml malayalam|mn mongolian|mr marathi|ms malay|mt maltese|my myanmar|ne nepali|nl dutch|nn nynorsk|no norwegian|oc occitan|pa punjabi|pl polish|ps pashto|pt portuguese|ro romanian|ru russian|sa sanskrit|sd sindhi|si sinhala|sk slovak|sl slovenian|sn shona|so somali|sq albanian|sr serbian|su sundanese|sv swedish|sw swahili|ta tamil|te telugu|tg tajik|th thai|tk turkmen|tl tagalog|tr turkish|tt tatar|uk ukrainian|ur urdu|uz uzbek|vi vietnamese|yi yiddish|yo yoruba|yue cantonese|zh chinese'

const byCode = new Map(
  names.split('|').map((entry): [string, string] => {
    const blank = entry.indexOf(' ')
    return [entry.slice(0, blank), entry.slice(blank + 1)]
  }),
)
/** Whisper's own codes of all of them. */
export const languageCodes: readonly string[] = [...byCode.keys()]
const byName = new Map([...byCode].map(([code, name]) => [name, code]))
/** What canonical BCP 47 calls otherwise than Whisper does. */
const whispers: Readonly<Record<string, string>> = { jv: 'jw', fil: 'tl', nb: 'no' }

/** Finding the language out, which only a multilingual model can. */
export const AUTO = 'auto'
/** ISO 639-2 for a language that was not determined. */
export const UNDETERMINED = 'und'

/**
 * A language as people and browsers write it (`en-US`, `EN`, `de_AT`, `deu`, `German`, `auto`) as Whisper's code or `auto`; null for what it
 * does not know.
 */
export function languageCode(text: string): string | null {
  const wanted = text.trim().toLowerCase().replaceAll('_', '-')
  if (wanted === AUTO) return AUTO
  const named = byName.get(wanted)
  if (named !== undefined) return named
  try {
    const [primary = ''] = (Intl.getCanonicalLocales(wanted)[0] ?? '').split('-')
    const code = whispers[primary] ?? primary
    return byCode.has(code) ? code : null
  } catch {
    return null // malformed
  }
}

/** `languageCode`, or throws an error with `code` that names the known ones. */
export function spokenLanguage(text: string, code: ErrorCode = 'invalid_request'): string {
  const known = languageCode(text)
  if (known !== null) return known
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text
  throw new QuantvoxError(code, `There is no language "${shown}" that speech models know.`, {
    mend: `Languages are ${languageCodes.join(', ')}, or auto; a region may follow, as in en-US.`,
  })
}

/** What a client chose, its language as Whisper's code. Throws as `spokenLanguage` does. */
export function withLanguageCode<T extends object>(chosen: T, code?: ErrorCode): T {
  if (!('language' in chosen) || typeof chosen.language !== 'string') return chosen
  return { ...chosen, language: spokenLanguage(chosen.language, code) }
}

/** By Whisper's own way to name its models. */
export const hearsEnglishOnly = (speechModel: string): boolean => /\.en\b/.test(speechModel)

/** A code that was asked for, null for `auto`. */
export const orFound = (code: string): string | null => (code === AUTO ? null : code)

/** What a server's own language is to a level that was named without one. */
export const inheritedBy = (speechModel: string, language: string | null): string | null =>
  hearsEnglishOnly(speechModel) ? null : language

/** The language that a level is asked to hear; null has it find out where it can. */
export const languageFor = (speechModel: string, language: string | null): string =>
  language ?? (hearsEnglishOnly(speechModel) ? 'en' : AUTO)

/** Throws `invalid_request` where an English-only level is to hear another language. */
export function refuseUnheard(speechModel: string, language: string | null): void {
  if (language === null || language === 'en' || !hearsEnglishOnly(speechModel)) return
  throw new QuantvoxError(
    'invalid_request',
    `${speechModel} hears English only, not ${byCode.get(language) ?? language}.`,
    {
      meaning: 'It would make English words of it.',
      mend: MULTILINGUAL,
    },
  )
}

/** What mends it where an English-only level meets another language. */
export const MULTILINGUAL =
  'Choose a speech model that hears many languages, one without ".en" in its name, such as whisper-base-q8_0.'

/** A language by its English name in lower case, as Whisper calls it; '' where it is not known. */
export const languageName = (code: string): string => byCode.get(code) ?? ''
