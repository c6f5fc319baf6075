import { applyRules, type Rule } from './speakableRules.ts'

/**
 * Corrections for `Intl.Segmenter`: text goes in, text of the same length comes out in which everything that its
 * sentence rules (UAX 29) get wrong in replies of a language model is replaced by something they get right.
 * Every rule looks ahead to the first character of the next word at most, but for abbreviations that may end a
 * sentence: those look at the whole next word. The splitter relies on that.
 */

/** A full stop after these never ends a sentence. */
const neverLast =
  'Mr|Mrs|Ms|Mx|Dr|Prof|Rev|Hon|Gen|Sen|Rep|Gov|Pres|Capt|Lt|Col|Sgt|Cpl|Maj|Cmdr|Msgr|Mme|Mlle|e\\.g|i\\.e|E\\.g|I\\.e|eg|ie|vs|cf|viz|approx|esp|incl|Fig|fig|Figs|Eq|Vol|vol|Sec|Ch|Mt|Ft|Nos'
/** A full stop after these ends a sentence if the next word is one that sentences begin with. */
const maybeLast =
  'etc|Inc|Ltd|Co|Corp|LLC|Bros|Jr|Sr|Esq|al|est|dept|Dept|Univ|St|Ave|Blvd|Rd|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Mon|Tues?|Wed|Thurs?|Fri|Sat|oz|lbs?|ft|min|max|hrs?|secs?|avg|a\\.m|p\\.m|Ph\\.D|M\\.D|B\\.A|M\\.A|(?:\\p{L}\\.)+\\p{L}|\\p{Lu}'
const starters =
  'The|A|An|It|He|She|We|You|They|I|This|That|These|Those|There|Here|In|On|At|By|From|With|But|And|So|Or|If|When|While|Although|As|For|To|My|Your|His|Her|Our|Their|Its|What|Who|Why|How|Where|Which|Then|However|Yes|No|Not|Let|Also|Please|Do|Does|Did|Is|Are|Was|Were|Can|Could|Will|Would|Should|After|Before|Since|Now|Some|Many|Most|All|One|Each'

const maybeLastBefore = new RegExp(String.raw`(?<![\p{L}\p{N}.])(?:${maybeLast})\.["'”’)\]*_]*\s+\S*$`, 'u')

/** True if the text ends in a word that may still decide whether the abbreviation before it ended a sentence. */
export const endsInDoubt = (text: string): boolean => maybeLastBefore.test(text.slice(-80))

const crossOut = (match: string) => 'X'.repeat(match.length)
const blank = (match: string) => ' '.repeat(match.length)

const rules: readonly Rule[] = [
  [new RegExp(String.raw`(?<![\p{L}\p{N}.])(?:${neverLast})\.`, 'gu'), crossOut],
  [/(?<![\p{L}\p{N}])(?:[Nn]o|pp?|[Aa]rt|[Cc]h)\.(?=\s*\d)/gu, crossOut],
  [
    new RegExp(
      String.raw`(?<![\p{L}\p{N}.])(?:${maybeLast})\.(?!["'”’)\]*_]*(?:\s*$|\s*\n|\s+["'“‘(*_]*(?:${starters})(?![\p{L}\p{N}.])))`,
      'gu',
    ),
    crossOut,
  ],
  // "2." before an item of a list, in a line of its own or not.
  [/(?<=(?:^|[.!?:;]\s|\n)[ \t>*_-]*)\d{1,3}[.)](?=\s)/gu, crossOut],
  // A single line break before a lower-case word is a wrapped line, not the end of anything (but for headings).
  [/(?<!\n[ \t]*|(?:^|\n)[ \t]*#[^\n]*)\n(?=[ \t]*\p{Ll})/gu, blank],
  // "May 5, 2024", "May 5th, 2024", "Fri, Dec. 5": no place to breathe.
  [/(?<=\d(?:st|nd|rd|th)?),(?=\s\d)/g, 'X'],
  [/(?<=\b(?:Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)),(?=\s[\p{L}\d])/gu, 'X'],
  [/(?<=\d\s)[-–](?=\s\d)/g, 'X'],
  // As with a full stop, no sentence begins with a lower-case letter ("Really?" he asked).
  [/[!?]/g, '.'],
  // Emphasis closes like a quotation mark.
  [/[*_~]/g, '"'],
  // A number, symbol or mark that is said as a word begins a sentence like a capital does.
  [/[\p{N}\p{S}&%@]/gu, crossOut],
]

export const maskForSegmenter = (text: string): string => applyRules(rules, text)
