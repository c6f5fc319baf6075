import Type, { type Static } from 'typebox'
import { escaped } from './patterns.ts'
import { LETTER } from './token.ts'

/** `tokenizer_exceptions.json` of the package: texts that fall apart otherwise than by rule. */
export const ExceptionsFile = Type.Record(Type.String(), Type.Array(Type.String()))

const SMALL = 'a-zß-öø-ÿ'
const LARGE = 'A-ZÀ-ÖØ-Þ'
const quotes = '\'"”“`‘´’‚,„»«「」『』（）〔〕【】《》〈〉'
const punctuation = '…,:;!?¿¡()[]{}<>_#*&。？！，、；：～·'
const icons = '™®©°§¶†‡•'
const currency = String.raw`\$|£|€|¥|฿|US\$|C\$|A\$|₽|₹|₩|₪|₺|₴|₦|₫|₱|₲|₵|₸|₼|₾|₿`
const units =
  'km|km²|km³|m|m²|m³|dm|dm²|dm³|cm|cm²|cm³|mm|mm²|mm³|ha|µm|nm|yd|in|ft|kg|g|mg|µg|t|lb|oz|m/s|km/h' +
  '|kmh|mph|hPa|Pa|mbar|mb|MB|kb|KB|gb|GB|tb|TB|T|G|M|K|%'

const iconClass = `[${icons}]`
/** Inside a class. */
const [marks, quoteMarks] = [escaped(punctuation), escaped(quotes)]

const prefix = new RegExp(
  String.raw`^(?:[§%=—–]|\+(?![0-9])|…|[${marks}]|\.\.+|[${quoteMarks}]|${currency}|${iconClass})`,
  'u',
)
const suffix = new RegExp(
  [
    String.raw`…|[${marks}]|\.\.+|[${quoteMarks}]|${iconClass}|'s|'S|’s|’S|—|–|(?<=[0-9])\+|(?<=°[FfCcKk])\.`,
    `(?<=[0-9])(?:${currency})|(?<=[0-9])(?:${units})`,
    String.raw`(?<=[0-9${SMALL}%²\-+${marks}${quoteMarks}])\.|(?<=[${LARGE}][${LARGE}])\.`,
  ]
    .map(alternatives => `(?:${alternatives})$`)
    .join('|'),
  'u',
)
const infix = new RegExp(
  [
    String.raw`\.\.+|…|${iconClass}|(?<=[0-9])[+\-*^](?=[0-9\-])`,
    String.raw`(?<=[${SMALL}${quoteMarks}])\.(?=[${LARGE}${quoteMarks}])`,
    String.raw`(?<=${LETTER}),(?=${LETTER})|(?<=[\p{L}\p{N}])(?:-|–|—|--|---|——|~)(?=${LETTER})`,
    String.raw`(?<=[\p{L}\p{N}])[:<>=\/](?=${LETTER})`,
  ].join('|'),
  'gu',
)
const address =
  /^(?:(?:https?|ftp):\/\/|www\.)\S+$|^[\p{L}\p{N}_.+-]+@[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)+$|^(?:[\p{L}\p{N}_-]+\.)+(?:com|org|net|edu|gov|io|co|uk|de|fr|info|biz|us|ca|au|tv|me|ly|ai)(?:\/\S*)?$/iu

/** Cuts a text into words by spaCy's English rules (spaCy 3.8, MIT): what is special, what is peeled off both ends, what splits the rest. */
export function createTokenizer(
  exceptions: Static<typeof ExceptionsFile>,
): (text: string) => { text: string; space: boolean }[] {
  const special = new Map(Object.entries(exceptions))

  function split(chunk: string): string[] {
    const whole = special.get(chunk)
    if (whole !== undefined) return whole
    const { before, rest, after } = peel(chunk, special)
    const inner = rest === '' ? [] : (special.get(rest) ?? (address.test(rest) ? [rest] : atInfixes(rest)))
    return rejoin([...before, ...inner, ...after], special)
  }

  return text => {
    const chunks = text.split(/\s+/).filter(chunk => chunk !== '')
    return chunks.flatMap((chunk, at) => {
      const pieces = split(chunk)
      return pieces.map((piece, index) => ({
        text: piece,
        space: index === pieces.length - 1 && at < chunks.length - 1,
      }))
    })
  }
}

function peel(chunk: string, special: ReadonlyMap<string, unknown>) {
  const before: string[] = []
  const after: string[] = []
  let rest = chunk
  for (let last = -1; rest !== '' && rest.length !== last && !special.has(rest); ) {
    last = rest.length
    const front = prefix.exec(rest)?.[0] ?? ''
    const withoutFront = rest.slice(front.length)
    const back = suffix.exec(withoutFront)?.[0] ?? ''
    const withoutBack = rest.slice(0, rest.length - back.length)
    if (front !== '' && special.has(withoutFront)) {
      before.push(front)
      return { before, rest: withoutFront, after }
    }
    if (back !== '' && special.has(withoutBack)) {
      after.unshift(back)
      return { before, rest: withoutBack, after }
    }
    if (front !== '') before.push(front)
    if (back !== '') after.unshift(back)
    rest = withoutFront.slice(0, withoutFront.length - back.length)
  }
  return { before, rest, after }
}

function atInfixes(text: string): string[] {
  const pieces: string[] = []
  let start = 0
  for (const { index, 0: found } of text.matchAll(infix)) {
    if (index === 0) continue
    if (index > start) pieces.push(text.slice(start, index))
    pieces.push(found)
    start = index + found.length
  }
  return start < text.length ? [...pieces, text.slice(start)] : pieces
}

/** Pieces that belong together after all: "Sept" and "." */
function rejoin(pieces: readonly string[], special: ReadonlyMap<string, string[]>): string[] {
  if (pieces.length < 2) return [...pieces]
  const joined: string[] = []
  for (let at = 0; at < pieces.length; ) {
    const count = [3, 2].find(
      count => at + count <= pieces.length && special.has(pieces.slice(at, at + count).join('')),
    )
    joined.push(...(special.get(pieces.slice(at, at + (count ?? 0)).join('')) ?? [pieces[at] ?? '']))
    at += count ?? 1
  }
  return joined
}
