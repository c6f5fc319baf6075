import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { accessibilityFaults } from '../../support/browser/accessibility.ts'
import { launchBrowser } from '../../support/browser/chromium.ts'
import { type FakePage, startFakePage } from '../../support/browser/fakePage.ts'
import { type OpenPage, openPage } from '../../support/browser/openPage.ts'
import { type ProxyOptions, startProxy } from '../../support/browser/proxy.ts'
import { spokenWav } from '../../support/browser/spokenWav.ts'

const PATH = '/quantvox'
/** The browser logs a refused request, and a socket that does not open, by itself. */
const refused = { expected: /WebSocket|426|Failed to load/ }

let browser: Browser
let server: FakePage | undefined
let page: OpenPage | undefined
beforeAll(async () => {
  browser = await launchBrowser({ microphone: await spokenWav('azure-weather') })
})
afterAll(() => browser?.close())
afterEach(async () => {
  await page?.close()
  await server?.stop()
  page = undefined
  server = undefined
})

async function openBehind(how: Omit<ProxyOptions, 'to'>) {
  server = await startFakePage({
    script: { clauseAudioMs: 800 },
    settings: { PUBLIC_URL: `https://host.example${how.path ?? ''}` },
  })
  const proxy = await startProxy({ to: server.port, ...how })
  onTestFinished(() => proxy.stop())
  page = await openPage(browser, proxy.url, refused)
  return { ...page, server }
}

async function ask({ tab }: OpenPage, text: string): Promise<void> {
  await tab.getByLabel('Type a question').fill(text)
  await tab.keyboard.press('Enter')
}

describe('behind a proxy', () => {
  test('under a path everything works: talking, replay, record, summary, models', async () => {
    const opened = await openBehind({ path: PATH })
    const { tab } = opened
    const outside: string[] = []
    tab.on('request', request => {
      const { pathname, protocol } = new URL(request.url())
      if (protocol === 'http:' && !pathname.startsWith(`${PATH}/`)) outside.push(pathname)
    })
    await tab.getByRole('button', { name: 'Start talking' }).click()
    await opened.becomes('Speaking')
    await expect
      .poll(() => tab.locator('.turn').first().getAttribute('data-outcome'), { timeout: 20_000 })
      .toBe('completed')
    await tab.getByRole('button', { name: 'Replay the answer' }).first().click()
    await expect
      .poll(() =>
        tab
          .locator('audio[data-plays=recordings]')
          .evaluate(element => (element as HTMLAudioElement).currentTime),
      )
      .toBeGreaterThan(0.1)
    await tab.getByRole('link', { name: 'Turns' }).click()
    await tab.locator('main tbody tr').first().waitFor()
    expect(outside).toEqual([])
  })

  test('a proxy that passes no WebSockets on is named, and typed questions are answered and spoken', async () => {
    const opened = await openBehind({ webSockets: false })
    const { tab } = opened
    await ask(opened, 'What is the time?')
    const banner = tab.getByRole('region', { name: 'Proxy' })
    await banner.waitFor()
    expect(await banner.innerText()).toContain('proxy_set_header Upgrade $http_upgrade')
    await expect
      .poll(() => tab.locator('.turn').last().getAttribute('data-outcome'), { timeout: 20_000 })
      .toBe('completed')
    expect(await tab.locator('.turn .reply').last().innerText()).toContain('It is ten past nine.')
    await opened.becomes('Typing only')
    expect(await accessibilityFaults(tab, ['.banner', '.control'])).toEqual([])
    await opened.picture('typing-only')
    await expect
      .poll(() =>
        tab
          .locator('audio[data-plays=recordings]')
          .evaluate(element => (element as HTMLAudioElement).currentTime),
      )
      .toBeGreaterThan(0.1)
    await ask(opened, 'And now?')
    await expect.poll(() => tab.locator('.turn[data-outcome=completed]').count()).toBe(2)
    // One conversation, whatever carried it.
    expect(opened.server.lastPrompt().some(({ content }) => content === 'What is the time?')).toBe(true)
  })
})
