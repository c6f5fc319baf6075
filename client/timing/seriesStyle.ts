/** How many `--series-N` colours the page has. */
export const SERIES_COLORS = 6

/** Line and gap lengths, the first one solid; told apart at 2 px width. */
const dashes: readonly (readonly number[])[] = [
  [],
  [7, 3],
  [2, 3],
  [10, 3, 2, 3],
  [4, 2, 4, 5],
  [12, 4, 2, 4, 2, 4],
]

export function dashOf(dash: number): number[] {
  return [...(dashes[dash % dashes.length] ?? [])]
}

/**
 * A canvas takes no custom properties, and they hold both schemes: the colours as they are for this element now, until they are
 * forgotten. To look is expensive, and a chart asks hundreds of times.
 */
export function createColors(within: HTMLElement) {
  const known = new Map<string, string>()

  function look(variable: string): string {
    const probe = document.createElement('span')
    probe.style.setProperty('color', `var(${variable})`)
    within.append(probe)
    const { color } = getComputedStyle(probe)
    probe.remove()
    known.set(variable, color)
    return color
  }

  return {
    of: (variable: string): string => known.get(variable) ?? look(variable),
    forget: (): void => known.clear(),
  }
}

export function seriesVariable(color: number): string {
  return `--series-${(color % SERIES_COLORS) + 1}`
}
