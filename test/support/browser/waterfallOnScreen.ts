import type { Locator } from 'playwright-core'

export type BarOnScreen = { id: string; ms: number; hiddenMs: number; left: number; right: number }

/**
 * The bars of a waterfall as they are shown: their figures as printed, rounded each by itself, and where the part lies that
 * somebody waited for, CSS pixels from the left; NaN where all of a bar is hidden in the silence.
 */
export function barsOnScreen(waterfall: Locator): Promise<BarOnScreen[]> {
  return waterfall.locator('tr[data-bar]').evaluateAll(rows =>
    rows.map(row => {
      const number = (text: string | null | undefined) =>
        Number(/[\d.]+/.exec(text?.replace(/,/g, '') ?? '0')?.[0])
      const visible = row.querySelector('.bar:not(.hidden)')?.getBoundingClientRect()
      return {
        id: (row as HTMLElement).dataset.bar ?? '',
        ms: number(row.querySelector('td.figures')?.textContent),
        hiddenMs: number(row.querySelector('th small')?.textContent),
        left: visible?.left ?? Number.NaN,
        right: visible?.right ?? Number.NaN,
      }
    }),
  )
}

/** What somebody waited for, milliseconds. */
export function visibleMs(bars: readonly BarOnScreen[]): number {
  return bars.reduce((sum, { ms, hiddenMs }) => sum + ms - hiddenMs, 0)
}
