import { distance } from 'fastest-levenshtein'

/** The known names most like a wrong one, best first, at most three; none where nothing is named like it. */
export function nearestNames(wrong: string, known: readonly string[]): string[] {
  const typed = wrong.toLowerCase()
  return [...new Set(known)]
    .map(name => {
      const letters = name.toLowerCase()
      // By letters, "slt" is nearer to "none" than to "flite:slt", but not in what is meant.
      const isPart = typed !== '' && (letters.startsWith(typed) || letters.endsWith(typed))
      return { name, isPart, steps: distance(typed, letters) }
    })
    .filter(({ name, isPart, steps }) => isPart || steps <= Math.max(3, name.length / 2))
    .sort((a, b) => Number(b.isPart) - Number(a.isPart) || a.steps - b.steps)
    .slice(0, 3)
    .map(({ name }) => name)
}

/** The same as a sentence for an error. */
export function nearestHint(wrong: string, known: readonly string[]): string {
  const near = nearestNames(wrong, known).map(name => `"${name}"`)
  return near.length === 0 ? 'Nothing here is named like it.' : `The nearest is ${near.join(', then ')}.`
}
