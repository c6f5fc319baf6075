import type { Reaction } from './frameAttack.ts'
import { BINARY, type Case, CLOSE, CONTINUATION, frame, handshake, PING, PONG, TEXT } from './wire.ts'

/** The frames after a good handshake, and a ping at the end that tells an open connection. */
const open = (...frames: Buffer[]) => Buffer.concat([handshake(), ...frames, frame(PING, 'end')])
const closes =
  (...codes: number[]) =>
  ({ closeCode, hungUp }: Reaction) =>
    closeCode !== null && codes.includes(closeCode) && hungUp ? null : `not closed with ${codes}`
const staysOpen = ({ pongs, closeCode }: Reaction) =>
  pongs.includes('end') && closeCode === null ? null : 'not open any more'
/** `begin` before `start` is answered by an error of that meaning: the message was read. */
const reads = (reaction: Reaction) =>
  reaction.texts.some(text => text.includes('invalid_state'))
    ? staysOpen(reaction)
    : 'the message was not read'
const refuses = (reaction: Reaction) =>
  reaction.texts.some(text => text.includes('invalid_message')) ? staysOpen(reaction) : 'it was not refused'
const answersPing = (payload: string) => (reaction: Reaction) =>
  reaction.pongs.includes(payload) ? staysOpen(reaction) : 'no pong'
const PROTOCOL = closes(1002)
const BAD_TEXT = closes(1007)
const TOO_LARGE = closes(1009)

const message = '{"type":"begin"}'
const part = (opcode: number, payload: string | Uint8Array) => frame(opcode, payload, { fin: false })
const u16 = (code: number) => Buffer.from([code >> 8, code & 255])
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
/** Overlong, surrogates, beyond the last, without an end, without a beginning. */
const notUtf8 = [
  ...['c0 80', 'e0 80 80', 'f0 80 80 80', 'c1 bf', 'e0 9f bf', 'f8 88 80 80 80', 'fc 84 80 80 80 80'],
  ...['ed a0 80', 'ed bf bf', 'ed a0 80 ed b0 80', 'f4 90 80 80', 'f5 80 80 80', 'fe', 'ff', '80', 'bf 80'],
  ...['61 ce', 'e2 82', 'f0 9f 98', 'c3 28', 'e2 28 a1', 'ce ba e1 bd b9 cf 83 ce bc ce b5 ed a0 80'],
].map(hex)
const utf8 = [
  'ce ba e1 bd b9 cf 83 ce bc ce b5',
  'ef bf bf',
  'f4 8f bf bf',
  '00',
  'ef bb bf',
  'f0 9f 98 80',
].map(hex)
const goodCodes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
const badCodes = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535]

export const frameCases: Case[] = [
  { name: 'a whole message', bytes: open(frame(TEXT, message)), expected: reads },
  { name: 'an empty text', bytes: open(frame(TEXT)), expected: refuses },
  { name: 'an empty binary', bytes: open(frame(BINARY)), expected: staysOpen },
  { name: '125 bytes', bytes: open(frame(TEXT, message.padEnd(125))), expected: reads },
  { name: '126 bytes', bytes: open(frame(TEXT, message.padEnd(126))), expected: reads },
  { name: '65535 bytes', bytes: open(frame(TEXT, message.padEnd(65_535))), expected: reads },
  { name: '65536 bytes', bytes: open(frame(TEXT, message.padEnd(65_536))), expected: reads },
  { name: 'a message over the limit', bytes: open(frame(TEXT, 'a'.repeat(262_145))), expected: TOO_LARGE },
  { name: 'a frame over the limit', bytes: open(frame(TEXT, 'a'.repeat(1_048_577))), expected: TOO_LARGE },
  {
    name: 'fragments over the limit',
    bytes: open(part(TEXT, 'a'.repeat(600_000)), frame(CONTINUATION, 'a'.repeat(600_000))),
    expected: TOO_LARGE,
  },
  ...[2n ** 20n + 1n, 2n ** 32n, 2n ** 40n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n].map(
    announced => ({
      name: `a length of ${announced}`,
      bytes: open(frame(TEXT, 'a', { announced })),
      expected: closes(1002, 1009),
    }),
  ),
  {
    name: 'a short length in eight bytes',
    bytes: open(frame(TEXT, message, { announced: BigInt(message.length) })),
    expected: reads,
  },
  ...['', 'x', '\xff\0', 'a'.repeat(125)].map(payload => ({
    name: `a ping of ${payload.length}`,
    bytes: open(frame(PING, Buffer.from(payload, 'latin1'))),
    expected: answersPing(payload),
  })),
  ...[PING, PONG, CLOSE].flatMap(opcode => [
    {
      name: `control frame ${opcode} of 126 bytes`,
      bytes: open(frame(opcode, 'a'.repeat(126))),
      expected: PROTOCOL,
    },
    {
      name: `control frame ${opcode} in fragments`,
      bytes: open(frame(opcode, '', { fin: false })),
      expected: PROTOCOL,
    },
  ]),
  { name: 'a pong that nobody asked for', bytes: open(frame(PONG, 'x')), expected: staysOpen },
  { name: 'ten pings', bytes: open(...Array<Buffer>(10).fill(frame(PING, 'p'))), expected: answersPing('p') },
  ...[1, 2, 3, 4, 5, 6, 7].flatMap(reserved => [
    {
      name: `reserved bits ${reserved} on text`,
      bytes: open(frame(TEXT, message, { reserved })),
      expected: PROTOCOL,
    },
    {
      name: `reserved bits ${reserved} on ping`,
      bytes: open(frame(PING, 'x', { reserved })),
      expected: PROTOCOL,
    },
    {
      name: `reserved bits ${reserved} on close`,
      bytes: open(frame(CLOSE, u16(1000), { reserved })),
      expected: PROTOCOL,
    },
  ]),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap(opcode => [
    { name: `opcode ${opcode}`, bytes: open(frame(opcode)), expected: PROTOCOL },
    {
      name: `opcode ${opcode} within a message`,
      bytes: open(part(TEXT, 'a'), frame(opcode, 'x')),
      expected: PROTOCOL,
    },
  ]),
  {
    name: 'two fragments',
    bytes: open(part(TEXT, '{"type":'), frame(CONTINUATION, '"begin"}')),
    expected: reads,
  },
  {
    name: 'fragments with pings between',
    bytes: open(
      part(TEXT, '{"type":'),
      frame(PING, 'p'),
      part(CONTINUATION, ''),
      frame(PING, 'p'),
      frame(CONTINUATION, '"begin"}'),
    ),
    expected: reads,
  },
  {
    name: 'fragments of one byte',
    bytes: open(
      ...[...message].map((byte, at) =>
        frame(at === 0 ? TEXT : CONTINUATION, byte, { fin: at === message.length - 1 }),
      ),
    ),
    expected: reads,
  },
  { name: 'a continuation of nothing', bytes: open(frame(CONTINUATION, 'x')), expected: PROTOCOL },
  {
    name: 'a fragment that continues nothing',
    bytes: open(part(CONTINUATION, 'x'), frame(TEXT, message)),
    expected: PROTOCOL,
  },
  {
    name: 'a continuation after the end',
    bytes: open(part(TEXT, '{'), frame(CONTINUATION, '}'), frame(CONTINUATION, 'x')),
    expected: PROTOCOL,
  },
  ...[TEXT, BINARY].map(opcode => ({
    name: `opcode ${opcode} within a message`,
    bytes: open(part(TEXT, '{'), frame(opcode, '}')),
    expected: PROTOCOL,
  })),
  { name: 'a message without an end', bytes: open(part(TEXT, '{')), expected: staysOpen },
  ...notUtf8.flatMap(payload => [
    { name: `text ${payload.toString('hex')}`, bytes: open(frame(TEXT, payload)), expected: BAD_TEXT },
    {
      name: `text ${payload.toString('hex')} in fragments`,
      bytes: open(part(TEXT, payload.subarray(0, 1)), frame(CONTINUATION, payload.subarray(1))),
      expected: BAD_TEXT,
    },
    {
      name: `reason ${payload.toString('hex')}`,
      bytes: open(frame(CLOSE, Buffer.concat([u16(1000), payload]))),
      expected: BAD_TEXT,
    },
  ]),
  ...utf8.flatMap(payload => [
    { name: `text ${payload.toString('hex')}`, bytes: open(frame(TEXT, payload)), expected: refuses },
    {
      name: `text ${payload.toString('hex')} by bytes`,
      bytes: open(
        ...[...payload].map((byte, at) =>
          frame(at === 0 ? TEXT : CONTINUATION, Buffer.from([byte]), { fin: at === payload.length - 1 }),
        ),
      ),
      expected: refuses,
    },
  ]),
  { name: 'a close without a code', bytes: open(frame(CLOSE)), expected: closes(1000, 1005) },
  { name: 'a close of one byte', bytes: open(frame(CLOSE, 'x')), expected: PROTOCOL },
  {
    name: 'a close with the longest reason',
    bytes: open(frame(CLOSE, Buffer.concat([u16(1000), Buffer.alloc(123, 'r')]))),
    expected: closes(1000),
  },
  {
    name: 'a message after the close',
    bytes: open(frame(CLOSE, u16(1000)), frame(TEXT, message)),
    expected: closes(1000),
  },
  {
    name: 'two closes',
    bytes: open(frame(CLOSE, u16(1000)), frame(CLOSE, u16(1001))),
    expected: closes(1000),
  },
  ...goodCodes.map(code => ({
    name: `close code ${code}`,
    bytes: open(frame(CLOSE, u16(code))),
    expected: closes(code),
  })),
  ...badCodes.map(code => ({
    name: `close code ${code}`,
    bytes: open(frame(CLOSE, u16(code))),
    expected: PROTOCOL,
  })),
  ...[TEXT, BINARY, PING, CLOSE].map(opcode => ({
    name: `opcode ${opcode} unmasked`,
    bytes: open(frame(opcode, '', { masked: false })),
    expected: PROTOCOL,
  })),
  {
    name: 'an extension that nobody knows',
    bytes: Buffer.concat([handshake({ 'sec-websocket-extensions': 'x-unknown; a=1' }), frame(PING, 'end')]),
    expected: staysOpen,
  },
  {
    name: 'compression, which is not spoken',
    bytes: Buffer.concat([
      handshake({ 'sec-websocket-extensions': 'permessage-deflate' }),
      frame(TEXT, message, { reserved: 4 }),
    ]),
    expected: PROTOCOL,
  },
]
