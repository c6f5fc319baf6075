import type { Reaction } from './frameAttack.ts'
import {
  answersPing,
  closes,
  message,
  open,
  PROTOCOL,
  part,
  reads,
  refuses,
  staysOpen,
  TOO_LARGE,
  u16,
} from './reactions.ts'
import { BINARY, type Case, CLOSE, CONTINUATION, frame, handshake, PING, PONG, TEXT } from './wire.ts'

/** A message in fragments of so many bytes. */
const pieces = (text: string, bytes: number) =>
  Array.from({ length: Math.ceil(text.length / bytes) }, (_, at) =>
    frame(at === 0 ? TEXT : CONTINUATION, text.slice(at * bytes, (at + 1) * bytes), {
      fin: (at + 1) * bytes >= text.length,
    }),
  )
const answersAll = ({ pongs }: Reaction) =>
  pongs.join() === '0,1,2,3,4,5,6,7,8,9,end' ? null : 'not every ping was answered in order'
/** What came before was read, and what is wrong ends the connection. */
const readsThenFails = (reaction: Reaction) =>
  reaction.texts.some(text => text.includes('invalid_state'))
    ? PROTOCOL(reaction)
    : 'the message was not read'
const MAX_MESSAGE_BYTES = 262_144

export const frameCases: Case[] = [
  { name: 'a whole message', bytes: open(frame(TEXT, message)), expected: reads },
  { name: 'an empty text', bytes: open(frame(TEXT)), expected: refuses },
  { name: 'an empty binary', bytes: open(frame(BINARY)), expected: staysOpen },
  ...[125, 126, 127, 128, 65_535, 65_536, MAX_MESSAGE_BYTES].flatMap(length => [
    { name: `${length} bytes`, bytes: open(frame(TEXT, message.padEnd(length))), expected: reads },
    {
      name: `${length} bytes in fragments`,
      bytes: open(...pieces(message.padEnd(length), Math.ceil(length / 64))),
      expected: reads,
    },
    { name: `binary of ${length} bytes`, bytes: open(frame(BINARY, 'a'.repeat(length))), expected: reads },
    {
      name: `binary of ${length} bytes in fragments`,
      bytes: open(part(BINARY, 'a'.repeat(length - 9)), frame(CONTINUATION, 'a'.repeat(9))),
      expected: reads,
    },
  ]),
  {
    name: 'a message over the limit',
    bytes: open(frame(TEXT, 'a'.repeat(MAX_MESSAGE_BYTES + 1))),
    expected: TOO_LARGE,
  },
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
  { name: 'an empty pong that nobody asked for', bytes: open(frame(PONG)), expected: staysOpen },
  {
    name: 'a pong that nobody asked for, then a ping',
    bytes: open(frame(PONG, 'x'), frame(PING, 'y')),
    expected: answersPing('y'),
  },
  {
    name: 'ten pings',
    bytes: open(...[...'0123456789'].map(digit => frame(PING, digit))),
    expected: answersAll,
  },
  ...[1, 2, 3, 4, 5, 6, 7].flatMap(reserved => [
    {
      name: `reserved bits ${reserved} on text`,
      bytes: open(frame(TEXT, message, { reserved })),
      expected: PROTOCOL,
    },
    {
      name: `reserved bits ${reserved} on binary`,
      bytes: open(frame(BINARY, 'aa', { reserved })),
      expected: PROTOCOL,
    },
    {
      name: `reserved bits ${reserved} after a message`,
      bytes: open(frame(TEXT, message), frame(TEXT, message, { reserved }), frame(PING)),
      expected: readsThenFails,
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
    { name: `opcode ${opcode} with a payload`, bytes: open(frame(opcode, 'x')), expected: PROTOCOL },
    {
      name: `opcode ${opcode} after a message`,
      bytes: open(frame(TEXT, message), frame(opcode, 'x'), frame(PING)),
      expected: readsThenFails,
    },
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
  {
    name: 'a fragment after the end',
    bytes: open(...pieces(message, 8), part(CONTINUATION, 'x'), frame(TEXT, message)),
    expected: readsThenFails,
  },
  ...[TEXT, BINARY].map(opcode => ({
    name: `opcode ${opcode} within a message`,
    bytes: open(part(TEXT, '{'), frame(opcode, '}')),
    expected: PROTOCOL,
  })),
  { name: 'a message without an end', bytes: open(part(TEXT, '{')), expected: staysOpen },
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
