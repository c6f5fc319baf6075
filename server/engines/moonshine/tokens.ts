/** SentencePiece's sign for a space. */
const SPACE = '\u2581'
/** Pieces before it are control signs and single bytes; the bytes stand for characters that no piece has. */
const FIRST_BYTE_ID = 3

/**
 * The pieces of a `tokenizer.bin` as Useful Sensors ship it, by id: each with its length in front, in one byte below 128, else in two,
 * low seven bits first; 0 is a piece that stands for nothing.
 */
export function readTokens(file: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < file.length; ) {
    let length = file[at++] ?? 0
    if (length >= 128) length += ((file[at++] ?? 0) - 1) * 128
    if (at + length > file.length) throw new Error('The tokenizer file ends in the middle of a piece.')
    pieces.push(file.subarray(at, at + length))
    at += length
  }
  return pieces
}

/** Bytes are put together before they are read as UTF-8: a character may be of several pieces. */
export function decodeTokens(pieces: readonly Uint8Array[], ids: readonly number[]): string {
  const bytes = ids.filter(id => id >= FIRST_BYTE_ID).map(id => pieces[id] ?? new Uint8Array())
  return Buffer.concat(bytes).toString('utf8').replaceAll(SPACE, ' ').replace(/\s+/g, ' ').trim()
}
