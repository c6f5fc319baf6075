import type { Page } from 'playwright-core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { fromBytes } from '../../../../server/audio/pcm.ts'
import { type FakePage, startFakePage } from '../../../support/browser/fakePage.ts'
import { type FirefoxPage, findFirefox, openFirefox } from '../../../support/browser/firefox.ts'
import { listenTo } from '../../../support/browser/openPage.ts'

const program = await findFirefox()

describe.skipIf(program === null)('in Firefox', { timeout: 180_000 }, () => {
  let server: FakePage
  let page: FirefoxPage

  beforeEach(async () => {
    server = await startFakePage({ script: { clauseAudioMs: 3000 } })
    page = await openFirefox(program ?? '', server.url)
    await becomes('Off')
  })
  afterEach(async () => {
    await page?.close()
    await server?.stop()
  })

  const shown = (selector: string) =>
    page.evaluate((sought: string) => document.querySelector(sought)?.textContent ?? '', selector)
  const becomes = (word: string) =>
    expect.poll(() => shown('.word'), { timeout: 60_000, message: `becomes ${word}` }).toBe(word)
  const outcome = () =>
    page.evaluate(() => [...document.querySelectorAll<HTMLElement>('.turn')].at(-1)?.dataset.outcome ?? '')
  const start = () => page.click('[aria-label="Start talking"]')
  const ask = async (text: string) => {
    await page.click('[aria-label="Type a question"]')
    await page.type(`${text}\n`)
  }
  /** Helpers of the tests in Chromium ask nothing else of a page. */
  const asTab = () => ({ evaluate: page.evaluate }) as unknown as Page

  test('the microphone of the browser is heard by the server', async () => {
    let peak = 0
    server.app.websocketServer.on('connection', (socket: WebSocket) =>
      socket.on('message', (data: Buffer, isBinary: boolean) => {
        if (isBinary) for (const sample of fromBytes(data)) peak = Math.max(peak, Math.abs(sample))
      }),
    )
    await start()
    await becomes('Listening')
    // Its fake device gives a tone.
    await expect.poll(() => peak, { timeout: 30_000 }).toBeGreaterThan(1000)
    expect(page.errors).toEqual([])
  })

  test('an answer is heard, and the server is told how far', async () => {
    await ask('What is the time?')
    await becomes('Speaking')
    const { peak, movedSeconds, paused } = await listenTo(asTab(), 1500)
    expect(peak).toBeGreaterThan(0.05)
    expect(movedSeconds).toBeGreaterThan(0.3)
    expect(paused).toBe(false)
    await expect.poll(outcome, { timeout: 60_000 }).toBe('completed')
    const { items } = await fetch(`${server.url}/v1/turns`).then(answer => answer.json())
    expect(items[0].fromSpeechEnd.playbackStartedMs).toEqual(expect.any(Number))
    expect(items[0].heardText).toBe(items[0].reply)
    expect(page.errors).toEqual([])
  })

  test('a server that dies is said, found again, and answers', async () => {
    await ask('Say something long.')
    await becomes('Speaking')
    for (const socket of server.app.websocketServer.clients) socket.terminate()
    await server.stop()
    await becomes('Reconnecting')
    server = await startFakePage({ port: server.port, script: { clauseAudioMs: 300 } })
    await becomes('Off')
    await ask('Are you back?')
    await expect.poll(outcome, { timeout: 60_000 }).toBe('completed')
    expect(server.lastPrompt().at(-1)?.content).toBe('Are you back?')
  })
})
