import type { Page } from 'playwright-core'

declare global {
  var shifted: number[]
}

/** Runs in the page before its own code: keeps how far things moved that nobody touched. */
export function watchShifts(): void {
  globalThis.shifted = []
  new PerformanceObserver(list => {
    for (const entry of list.getEntries() as (PerformanceEntry & {
      value: number
      hadRecentInput: boolean
    })[])
      if (!entry.hadRecentInput) shifted.push(entry.value)
  }).observe({ type: 'layout-shift', buffered: true })
}

/** All of it since the page was loaded: no less than the cumulative layout shift, which is that of five seconds at most. */
export const layoutShift = (tab: Page): Promise<number> =>
  tab.evaluate(() => shifted.reduce((sum, value) => sum + value, 0))
