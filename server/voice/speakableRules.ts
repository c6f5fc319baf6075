/** What to look for, and the text or function that stands in for it. */
export type Rule = readonly [pattern: RegExp, by: string | ((...match: string[]) => string)]

/** The text after all rules, one after the other. */
export function applyRules(rules: readonly Rule[], text: string): string {
  let changed = text
  for (const [pattern, by] of rules) {
    changed = typeof by === 'string' ? changed.replace(pattern, by) : changed.replace(pattern, by)
  }
  return changed
}
