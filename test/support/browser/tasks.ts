import type { Browser, Page } from 'playwright-core'

type TraceEvent = {
  name: string
  ph: string
  pid: number
  tid: number
  tdur?: number
  args?: { name?: string }
}

/**
 * The longest task of the page's main thread meanwhile, milliseconds of the processor: by the clock, as
 * `PerformanceObserver` has it, a task is also as long as other programs had the processor.
 */
export async function longestTaskMs(browser: Browser, tab: Page, work: () => Promise<void>): Promise<number> {
  await browser.startTracing(tab, { categories: ['toplevel', 'disabled-by-default-devtools.timeline'] })
  await work()
  // A task that answered is in the trace once it is over.
  await tab.evaluate(() => new Promise(resolve => setTimeout(resolve)))
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as {
    traceEvents: TraceEvent[]
  }
  const threads = traceEvents
    .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
    .map(({ pid, tid }) => `${pid} ${tid}`)
  const tasks = traceEvents
    .filter(({ name, ph, pid, tid }) => name === 'RunTask' && ph === 'X' && threads.includes(`${pid} ${tid}`))
    .flatMap(({ tdur }) => (tdur === undefined ? [] : [tdur / 1000]))
  if (tasks.length === 0) throw new Error('the trace has no task of the page')
  return tasks.reduce((longest, ms) => Math.max(longest, ms), 0)
}
