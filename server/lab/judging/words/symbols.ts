/** Letters that Unicode's compatibility decomposition leaves whole. */
const letters: Readonly<Record<string, string>> = {
  ...{ œ: 'oe', Œ: 'OE', ø: 'o', Ø: 'O', æ: 'ae', Æ: 'AE', ß: 'ss', ẞ: 'SS', đ: 'd', Đ: 'D' },
  ...{ ð: 'd', Ð: 'D', þ: 'th', Þ: 'th', ł: 'l', Ł: 'L' },
}

/**
 * Marks, symbols and punctuation as spaces, but for the characters of `keep`; letters without their diacritics.
 * Port of `remove_symbols_and_diacritics` of openai/whisper (see README.md).
 */
export function removeSymbolsAndDiacritics(text: string, keep: string): string {
  let plain = ''
  for (const character of text.normalize('NFKD')) {
    if (keep.includes(character)) plain += character
    else if (character in letters) plain += letters[character]
    else if (/\p{Mn}/u.test(character)) continue
    else plain += /[\p{M}\p{S}\p{P}]/u.test(character) ? ' ' : character
  }
  return plain
}
