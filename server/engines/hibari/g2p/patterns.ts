/** A text as it stands, in a pattern with the flag `u`, also within a class. */
export const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)

/** Any of the texts, the longest that fits. */
export const anyOf = (texts: readonly string[]): string =>
  texts
    .toSorted((a, b) => b.length - a.length)
    .map(escaped)
    .join('|')
