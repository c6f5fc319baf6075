import { stripVTControlCharacters } from 'node:util'

/** Text for a terminal: without what a model or a recording could command it by (escape sequences, control characters). */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(/[^\P{Cc}\n\t]/gu, '')
}
