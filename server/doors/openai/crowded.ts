/**
 * Of JSON that is checked by a schema, whose time grows with the values in it and not with their length: a megabyte of `{}` takes a second.
 * No prompt has room for what is refused here.
 */
const MOST_OPENED = 20_000
const MOST_QUOTES = 100_000

const [QUOTE, BRACKET, BRACE] = [0x22, 0x5b, 0x7b]

/** Whether there are more objects, lists and texts in it than any request needs; what stands in texts counts, too. */
export function isCrowded(json: Buffer): boolean {
  let opened = 0
  let quotes = 0
  for (const byte of json) {
    if (byte === QUOTE) quotes++
    else if (byte === BRACE || byte === BRACKET) opened++
  }
  return opened > MOST_OPENED || quotes > MOST_QUOTES
}
