import type { Reaction } from './frameAttack.ts'
import { closes, message, open, PROTOCOL, part, u16 } from './reactions.ts'
import { type Case, CLOSE, CONTINUATION, frame, PING, TEXT } from './wire.ts'

const goodCodes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
const badCodes = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535]
/** Closed, and what came behind the close frame was left alone. */
const closesUnread = (reaction: Reaction) =>
  reaction.pongs.length + reaction.texts.length > 0 ? 'it went on reading' : closes(1000)(reaction)
const readsThenCloses = (reaction: Reaction) =>
  reaction.texts.some(text => text.includes('invalid_state'))
    ? closes(1000)(reaction)
    : 'the message was not read'

/** How connections end: Autobahn's section 7. */
export const closeCases: Case[] = [
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
    expected: closesUnread,
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
  {
    name: 'a close with a short reason',
    bytes: open(frame(CLOSE, Buffer.concat([u16(1000), Buffer.from('bye')]))),
    expected: closes(1000),
  },
  {
    name: 'a close behind a message',
    bytes: open(frame(TEXT, message), frame(CLOSE, u16(1000))),
    expected: readsThenCloses,
  },
  {
    name: 'a close behind a long message',
    bytes: open(frame(TEXT, message.padEnd(262_144)), frame(CLOSE, u16(1000)), frame(PING, 'x')),
    expected: readsThenCloses,
  },
  {
    name: 'a ping after the close',
    bytes: open(frame(CLOSE, u16(1000)), frame(PING, 'x')),
    expected: closesUnread,
  },
  {
    name: 'a close within a message',
    bytes: open(part(TEXT, '{'), frame(CLOSE, u16(1000)), frame(CONTINUATION, '}')),
    expected: closesUnread,
  },
]
