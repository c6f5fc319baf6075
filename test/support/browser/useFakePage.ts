import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { launchBrowser } from './chromium.ts'
import { type FakePage, type FakePageOptions, startFakePage } from './fakePage.ts'
import { type OpenOptions, type OpenPage, openPage } from './openPage.ts'
import { spokenWav } from './spokenWav.ts'

/**
 * A browser and the page on scripted engines for the tests of a file; pages that were opened are closed after each of them.
 * @param clip what the microphone hears; nothing where it is left out
 */
export function useFakePage(options: FakePageOptions = {}, clip?: string) {
  let browser: Browser
  let server: FakePage
  const opened: OpenPage[] = []
  beforeAll(async () => {
    browser = await launchBrowser(clip === undefined ? {} : { microphone: await spokenWav(clip) })
    server = await startFakePage(options)
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })
  afterEach(async () => {
    for (const page of opened.splice(0)) await page.close()
  })
  return {
    browser: () => browser,
    server: () => server,
    async open(how: OpenOptions = {}): Promise<OpenPage> {
      const page = await openPage(browser, server.url, how)
      opened.push(page)
      return page
    },
  }
}
