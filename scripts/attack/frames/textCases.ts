import { BAD_TEXT, open, part, refuses, u16 } from './reactions.ts'
import { type Case, CLOSE, CONTINUATION, frame, TEXT } from './wire.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)
/** The bytes of a code point, whether it may be encoded or not. */
function bytesOf(point: number): Buffer {
  if (point < 0x10000)
    return Buffer.from([0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63)])
  const low = [0x80 | ((point >> 12) & 63), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63)]
  return Buffer.from([0xf0 | (point >> 18), ...low])
}

const surrogates = [0xd800, 0xdb7f, 0xdb80, 0xdbff, 0xdc00, 0xdf80, 0xdfff].map(bytesOf)
const highs = [0xd800, 0xdb7f, 0xdb80, 0xdbff]
const withoutLast = [
  'c0',
  'e0 80',
  'f0 80 80',
  'f8 80 80 80',
  'fc 80 80 80 80',
  'df',
  'ef bf',
  'f7 bf bf',
  'fb bf bf bf',
  'fd bf bf bf bf',
]

/** What is no UTF-8, as Markus Kuhn's stress test has it, which Autobahn follows. */
const notUtf8 = [
  // Overlong: of a slash, the longest, of nothing.
  ...['c0 af', 'e0 80 af', 'f0 80 80 af', 'f8 80 80 80 af', 'fc 80 80 80 80 af'].map(hex),
  ...['c1 bf', 'e0 9f bf', 'f0 8f bf bf', 'f8 87 bf bf bf', 'fc 83 bf bf bf bf'].map(hex),
  ...['c0 80', 'e0 80 80', 'f0 80 80 80', 'f8 80 80 80 80', 'fc 80 80 80 80 80'].map(hex),
  // The first and the last of lengths that are not used, and what is beyond the last.
  ...['f8 88 80 80 80', 'fc 84 80 80 80 80', 'f7 bf bf bf', 'fb bf bf bf bf', 'fd bf bf bf bf bf'].map(hex),
  ...['f4 90 80 80', 'f5 80 80 80'].map(hex),
  ...surrogates,
  ...highs.flatMap(high => [0xdc00, 0xdfff].map(low => Buffer.concat([bytesOf(high), bytesOf(low)]))),
  // Without a beginning.
  ...[1, 2, 3, 4, 5, 6, 7].flatMap(length => [Buffer.alloc(length, 0x80), Buffer.alloc(length, 0xbf)]),
  Buffer.from(range(0x80, 0xbf)),
  // Without an end: each beginning before a blank, in its place, and all of them together.
  ...[range(0xc0, 0xdf), range(0xe0, 0xef), range(0xf0, 0xf7), range(0xf8, 0xfb), range(0xfc, 0xfd)].map(
    starts => Buffer.from(starts.flatMap(start => [start, 0x20])),
  ),
  ...withoutLast.map(hex),
  hex(withoutLast.join('')),
  ...['fe', 'ff', 'fe fe ff ff', '61 ce', 'c3 28', 'e2 28 a1'].map(hex),
  hex('ce ba e1 bd b9 cf 83 ce bc ce b5 ed a0 80 65 64 69 74 65 64'),
]
/** Text with the first, the last and the strangest of each length. */
const utf8 = [
  ...[
    'ce ba e1 bd b9 cf 83 ce bc ce b5',
    '00',
    '7f',
    'c2 80',
    'df bf',
    'e0 a0 80',
    'ef bf bf',
    'f0 90 80 80',
  ].map(hex),
  ...['f4 8f bf bf', 'ed 9f bf', 'ee 80 80', 'ef bf bd', 'ef bb bf', 'f0 9f 98 80'].map(hex),
  Buffer.from('Hello-µ@ßöäüàá-UTF-8!!'),
  // Code points that are no characters, which UTF-8 may hold all the same.
  Buffer.concat(range(0, 16).flatMap(plane => [0xfffe, 0xffff].map(last => bytesOf(plane * 0x10000 + last)))),
]

/** Text, whole and in fragments: Autobahn's section 6, and its 7.5. */
export const textCases: Case[] = [
  {
    name: 'three empty fragments',
    bytes: open(part(TEXT, ''), part(CONTINUATION, ''), frame(CONTINUATION)),
    expected: refuses,
  },
  {
    name: 'text between empty fragments',
    bytes: open(part(TEXT, ''), part(CONTINUATION, 'text'), frame(CONTINUATION)),
    expected: refuses,
  },
  ...notUtf8.flatMap(payload => {
    const name = payload.toString('hex').slice(0, 40)
    return [
      { name: `text ${name}`, bytes: open(frame(TEXT, payload)), expected: BAD_TEXT },
      { name: `text ${name} in fragments`, bytes: byBytes(payload), expected: BAD_TEXT },
      {
        name: `reason ${name}`,
        bytes: open(frame(CLOSE, Buffer.concat([u16(1000), payload]))),
        expected: BAD_TEXT,
      },
    ]
  }),
  ...utf8.flatMap(payload => {
    const name = payload.toString('hex').slice(0, 40)
    return [
      { name: `text ${name}`, bytes: open(frame(TEXT, payload)), expected: refuses },
      { name: `text ${name} in fragments`, bytes: byBytes(payload), expected: refuses },
    ]
  }),
]

function byBytes(payload: Buffer): Buffer {
  const last = payload.length - 1
  return open(
    ...[...payload].map((byte, at) =>
      frame(at === 0 ? TEXT : CONTINUATION, Buffer.from([byte]), { fin: at === last }),
    ),
  )
}
