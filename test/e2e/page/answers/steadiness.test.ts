import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { launchBrowser } from '../../../support/browser/chromium.ts'
import { type FakePage, startFakePage } from '../../../support/browser/fakePage.ts'
import { type OpenPage, openPage } from '../../../support/browser/openPage.ts'
import { layoutShift, watchShifts } from '../../../support/browser/shifts.ts'
import { spokenWav } from '../../../support/browser/spokenWav.ts'
import { longestTaskMs } from '../../../support/browser/tasks.ts'
import { usualScript } from '../../../support/fakes/fakeStages.ts'
import { makeTurns } from '../../../support/record/records.ts'

/** That somebody notices. */
const MAX_TASK_MS = 50

/** A name that the script below leaves in the page. */
declare global {
  var sockets: WebSocket[]
}

let browser: Browser
let server: FakePage
let page: OpenPage
beforeAll(async () => {
  browser = await launchBrowser({ microphone: await spokenWav('azure-weather') })
})
beforeEach(async () => {
  server = await startFakePage({
    script: { ...usualScript, recognizeMs: 150, firstTokenMs: 300, tokenMs: 40, clauseAudioMs: 2000 },
  })
})
afterAll(() => browser?.close())
afterEach(async () => {
  await page?.close()
  await server?.stop()
})

async function talk(): Promise<void> {
  await page.tab.getByRole('button', { name: 'Start talking' }).click()
  await page.becomes('Hearing you')
  await page.becomes('Speaking')
  await page.becomes('Listening', 20_000)
}

/** Runs in the page before its own code. */
function keepSockets(): void {
  globalThis.sockets = []
  globalThis.WebSocket = class extends WebSocket {
    constructor(url: string | URL) {
      super(url)
      sockets.push(this)
    }
  }
}

describe('while somebody talks and is answered', () => {
  test.each([
    ['a desktop', { width: 1280, height: 860 }],
    ['a phone', { width: 360, height: 740 }],
  ])('nothing jumps on %s', async (_, viewport) => {
    page = await openPage(browser, server.url, { viewport })
    await page.tab.addInitScript(watchShifts)
    await page.tab.reload()
    await page.tab.locator('.chip', { hasText: 'q8_0' }).waitFor()
    await talk()
    const shift = await layoutShift(page.tab)
    console.log(`layout shift: ${shift.toFixed(3)}`)
    expect(shift).toBeLessThan(0.1)
  })

  test('words that come faster than frames are laid out a frame at a time, and the end stays in view', async () => {
    server.script.firstTokenMs = 60_000
    page = await openPage(browser, server.url)
    await page.tab.addInitScript(keepSockets)
    await page.tab.reload()
    await page.tab.getByLabel('Type a question').fill('Why?')
    await page.tab.keyboard.press('Enter')
    await page.tab.waitForFunction(() => sockets.at(-1)?.readyState === WebSocket.OPEN)
    const metrics = await page.tab.context().newCDPSession(page.tab)
    await metrics.send('Performance.enable')
    const layouts = async () => {
      const read = await metrics.send('Performance.getMetrics')
      return read.metrics.find(({ name }) => name === 'LayoutCount')?.value ?? 0
    }
    const before = await layouts()
    await page.tab.evaluate(() => {
      for (let i = 0; i < 1000; i++) {
        const data = JSON.stringify({ type: 'reply.delta', turnId: 'slow', text: ` word${i}` })
        sockets.at(-1)?.dispatchEvent(new MessageEvent('message', { data }))
      }
    })
    await page.tab.getByText('word999').waitFor()
    expect((await layouts()) - before).toBeLessThan(500)
    await expect
      .poll(() => page.tab.locator('.end').evaluate(end => end.getBoundingClientRect().bottom <= innerHeight))
      .toBe(true)
  })

  test('whoever scrolled up to read stays there while an answer grows', async () => {
    server.script.reply = Array(300).fill('A long answer that goes on and on. '.repeat(4))
    page = await openPage(browser, server.url)
    const { tab } = page
    const ask = async () => {
      await tab.getByLabel('Type a question').fill('Why?')
      await tab.keyboard.press('Enter')
    }
    await ask()
    await tab.waitForFunction(() => document.documentElement.scrollHeight > innerHeight * 2)
    await tab.evaluate(() => scrollTo(0, 0))
    const heightNow = () => tab.evaluate(() => document.documentElement.scrollHeight)
    const before = await heightNow()
    await expect.poll(heightNow, { timeout: 10_000 }).toBeGreaterThan(before)
    expect(await tab.evaluate(() => scrollY)).toBe(0)
  })

  test('no task holds the page up for longer than 50 ms', async () => {
    // As much as the chart shows.
    for (const { record, text } of makeTurns(200)) server.stages.store.insert(record, text)
    page = await openPage(browser, server.url)
    await page.tab.locator('.latency-chart canvas').first().waitFor()
    const longest = await longestTaskMs(browser, page.tab, talk)
    console.log(`longest task: ${longest.toFixed(1)} ms of the processor`)
    expect(longest).toBeLessThan(MAX_TASK_MS)
    // It would have been seen.
    const held = await longestTaskMs(browser, page.tab, () =>
      page.tab.evaluate(() => {
        const until = performance.now() + 1000
        while (performance.now() < until);
      }),
    )
    expect(held).toBeGreaterThan(MAX_TASK_MS)
  })
})
