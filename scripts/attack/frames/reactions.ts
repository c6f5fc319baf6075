import type { Reaction } from './frameAttack.ts'
import { frame, handshake, PING } from './wire.ts'

/** The frames after a good handshake, and a ping at the end that tells an open connection. */
export const open = (...frames: Buffer[]) => Buffer.concat([handshake(), ...frames, frame(PING, 'end')])
export const closes =
  (...codes: number[]) =>
  ({ closeCode, hungUp }: Reaction) =>
    closeCode !== null && codes.includes(closeCode) && hungUp ? null : `not closed with ${codes}`
export const staysOpen = ({ pongs, closeCode }: Reaction) =>
  pongs.includes('end') && closeCode === null ? null : 'not open any more'
/** `begin` before `start` is answered by an error of that meaning: the message was read. */
export const reads = (reaction: Reaction) =>
  reaction.texts.some(text => text.includes('invalid_state'))
    ? staysOpen(reaction)
    : 'the message was not read'
export const refuses = (reaction: Reaction) =>
  reaction.texts.some(text => text.includes('invalid_message')) ? staysOpen(reaction) : 'it was not refused'
export const answersPing = (payload: string) => (reaction: Reaction) =>
  reaction.pongs.includes(payload) ? staysOpen(reaction) : 'no pong'
export const PROTOCOL = closes(1002)
export const BAD_TEXT = closes(1007)
export const TOO_LARGE = closes(1009)

/** Read, it is answered: no session has started. */
export const message = '{"type":"begin"}'
export const part = (opcode: number, payload: string | Uint8Array) => frame(opcode, payload, { fin: false })
export const u16 = (code: number) => Buffer.from([code >> 8, code & 255])
