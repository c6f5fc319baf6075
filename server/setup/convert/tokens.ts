import { readFileSync } from 'node:fs'
import Type from 'typebox'
import { Compile } from 'typebox/schema'

/** The part of a Hugging Face `tokenizer.json` that is needed: token text to id. */
const Tokenizer = Compile(
  Type.Object({ model: Type.Object({ vocab: Type.Record(Type.String(), Type.Integer({ minimum: 0 })) }) }),
)

/**
 * The first `count` tokens of a byte-level BPE `tokenizer.json` in id order, as the raw bytes they stand for.
 * Throws an `Error` when an id is missing or a character stands for no byte.
 */
export function readTokens(path: string, count: number): Buffer[] {
  const tokenizer = Tokenizer.Parse(JSON.parse(readFileSync(path, 'utf8')))
  const byId: string[] = []
  for (const [token, id] of Object.entries(tokenizer.model.vocab)) byId[id] = token
  return Array.from({ length: count }, (_, id) => {
    const token = byId[id]
    if (token === undefined) throw new Error(`tokenizer.json has no token with id ${id}`)
    return tokenBytes(token)
  })
}

/** GPT-2's printable stand-ins back to bytes (Radford et al. 2019, `bytes_to_unicode` of the GPT-2 encoder). */
export function tokenBytes(token: string): Buffer {
  return Buffer.from(
    Array.from(token, character => {
      const byte = byteOfCharacter.get(character)
      if (byte === undefined) throw new Error(`the token ${JSON.stringify(token)} is not byte-level`)
      return byte
    }),
  )
}

const byteOfCharacter = standIns()

/** Printable Latin-1 stands for itself; every other byte, in order, for the characters from U+0100 on. */
function standIns(): Map<string, number> {
  const isPrintable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
  const map = new Map<string, number>()
  let next = 0x100
  for (let byte = 0; byte < 256; byte++)
    map.set(String.fromCodePoint(isPrintable(byte) ? byte : next++), byte)
  return map
}
