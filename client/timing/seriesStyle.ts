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

/** A canvas takes no custom properties, and they hold both schemes: the colour as it is for this element now. */
export function colorOf(within: HTMLElement, variable: string): string {
  const probe = document.createElement('span')
  probe.style.setProperty('color', `var(${variable})`)
  within.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

export function seriesVariable(color: number): string {
  return `--series-${(color % SERIES_COLORS) + 1}`
}
