import type { Dice } from '../attack.ts'

/** Where heads are, bytes from the start. */
const HEAD_BYTES = 120
const MAX_INSERTED_BYTES = 5000

type Spoil = (file: Buffer, dice: Dice, files: readonly Buffer[]) => Buffer

const ids = [
  'RIFF',
  'RIFX',
  'RF64',
  'BW64',
  'WAVE',
  'fmt ',
  'data',
  'LIST',
  'ds64',
  'fact',
  'OggS',
  'fLaC',
  'ID3\x04',
  '\0\0\0\0',
]
const numbers = [
  0, 1, 2, 3, 7, 8, 16, 17, 40, 85, 255, 0x7fff, 0xfffe, 0xffff, 44_100, 0x7fff_efff, 0x7fff_f000,
  0x8000_0000, 0xffff_fffe, 0xffff_ffff,
]

/** Mostly in the head, where a byte says most. */
const place = (file: Buffer, dice: Dice) =>
  dice.below(Math.max(1, dice.below(4) === 0 ? file.length : Math.min(HEAD_BYTES, file.length)))

const withPart = (file: Buffer, at: number, part: Buffer) =>
  Buffer.concat([file.subarray(0, at), part, file.subarray(at)])

const noise = (length: number, dice: Dice) => Buffer.from(Array.from({ length }, () => dice.below(256)))

const spoils: Spoil[] = [
  function flipBits(file, dice) {
    const result = Buffer.from(file)
    for (let left = 1 + dice.below(8); left > 0 && result.length > 0; left--) {
      const at = place(result, dice)
      result[at] = (result[at] ?? 0) ^ (1 << dice.below(8))
    }
    return result
  },
  function setNumber(file, dice) {
    const result = Buffer.from(file)
    const at = place(result, dice) & ~1
    const number = dice.below(3) === 0 ? file.length - dice.below(100) : dice.oneOf(numbers)
    if (at + 4 <= result.length && dice.below(2) === 0) result.writeUInt32LE(number >>> 0, at)
    else if (at + 2 <= result.length) result.writeUInt16LE(number & 0xffff, at)
    return result
  },
  function setId(file, dice) {
    const result = Buffer.from(file)
    result.write(dice.oneOf(ids), place(result, dice) & ~3, 'latin1')
    return result
  },
  function setLengthOfAudio(file, dice) {
    const result = Buffer.from(file)
    const at = result.indexOf('data') + 4
    if (at >= 4 && at + 4 <= result.length)
      result.writeUInt32LE((result.length - dice.below(2 * result.length)) >>> 0, at)
    return result
  },
  (file, dice) => file.subarray(0, dice.below(file.length + 1)),
  (file, dice) => file.subarray(dice.below(Math.min(HEAD_BYTES, file.length + 1))),
  (file, dice) => withPart(file, place(file, dice), noise(dice.below(64), dice)),
  (file, dice) => withPart(file, file.length, Buffer.alloc(dice.below(100))),
  (file, dice) => withPart(file, file.length, noise(dice.below(100), dice)),
  function cutOut(file, dice) {
    const at = place(file, dice)
    return Buffer.concat([file.subarray(0, at), file.subarray(at + dice.below(64))])
  },
  function repeat(file, dice) {
    const at = place(file, dice)
    return withPart(file, at, file.subarray(at, at + dice.below(MAX_INSERTED_BYTES)))
  },
  function emptyChunks(file, dice) {
    const at = dice.below(2) === 0 ? 12 : file.length
    return withPart(
      file,
      at,
      Buffer.alloc(8 * dice.below(1200), `${dice.oneOf(ids).slice(0, 4).padEnd(4)}\0\0\0\0`, 'latin1'),
    )
  },
  (file, dice, files) => Buffer.concat([file, dice.oneOf(files)]),
  (file, dice, files) =>
    withPart(file, place(file, dice), dice.oneOf(files).subarray(0, dice.below(MAX_INSERTED_BYTES))),
]

/** One of the files, spoiled once to five times. */
export function spoiled(files: readonly Buffer[], dice: Dice): Buffer {
  let file = dice.oneOf(files)
  for (let left = 1 + dice.below(5); left > 0; left--) file = dice.oneOf(spoils)(file, dice, files)
  return file
}
