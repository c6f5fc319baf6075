import { deflateSync } from 'node:zlib'

/** OpenAI's Whisper decodes again above this ratio (`compression_ratio_threshold` in transcribe.py). */
const MAX_COMPRESSION_RATIO = 2.4
/** Half of the 448 tokens of text context less 4: where whisper.cpp stops a decoding that does not end. */
const TOKEN_LIMIT = 220
/** Fast speakers reach 6 words a second; a loop gives far more. */
const MAX_WORDS_PER_SECOND = 9
/** A phrase so often in a row is a loop; "no, no, no" and "bye bye" are not. */
const MAX_REPEATS = 4

export type Decoding = { text: string; tokens: number; audioMs: number }

/** Why a decoding looks as if the decoder had lost its end, or null where it looks right. */
export function loopIn({
  text,
  tokens,
  audioMs,
}: Decoding): 'token-limit' | 'repeats' | 'compression' | 'rate' | null {
  if (tokens >= TOKEN_LIMIT) return 'token-limit'
  const words = text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? []
  if (longestRun(words) > MAX_REPEATS) return 'repeats'
  if (compressionRatio(text) > MAX_COMPRESSION_RATIO) return 'compression'
  if (words.length > 6 && words.length > MAX_WORDS_PER_SECOND * (audioMs / 1000)) return 'rate'
  return null
}

function compressionRatio(text: string): number {
  const bytes = Buffer.from(text)
  return bytes.length === 0 ? 0 : bytes.length / deflateSync(bytes).length
}

/** How often the most repeated phrase of up to 8 words comes in a row. */
function longestRun(words: readonly string[]): number {
  let longest = words.length === 0 ? 0 : 1
  for (let length = 1; length <= 8; length++) {
    let same = 0
    for (let index = length; index < words.length; index++) {
      same = words[index] === words[index - length] ? same + 1 : 0
      longest = Math.max(longest, Math.floor(same / length) + 1)
    }
  }
  return longest
}
