import type { Page } from 'playwright-core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { fromBytes } from '../../../../server/audio/pcm.ts'
import { type FakePage, startFakePage } from '../../../support/browser/fakePage.ts'
import { type FirefoxPage, findFirefox, openFirefox } from '../../../support/browser/firefox.ts'
import { listenTo } from '../../../support/browser/openPage.ts'

declare global {
  var contexts: AudioContext[]
}

/** Of its fake microphone: `media.navigator.audio.fake_frequency`. */
const FAKE_TONE_HZ = 1000

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

  /** As where microphone and sound card are two devices: Firefox joined them at last, and refused before. */
  test.each([
    ['joined', [32_000]],
    ['refused', [32_000, 48_000]],
  ] as const)(
    'a microphone of another rate than the sound of the page, %s, is heard as high as it is',
    async (how, rates) => {
      await page.evaluate(refuses => {
        const Context = AudioContext
        const { createMediaStreamSource } = Context.prototype
        globalThis.contexts = []
        globalThis.AudioContext = class extends Context {
          constructor(options?: AudioContextOptions) {
            super({ ...options, sampleRate: contexts.length === 0 ? 32_000 : 48_000 })
            contexts.push(this)
          }
        }
        if (refuses)
          Context.prototype.createMediaStreamSource = function (stream) {
            if (this === contexts[0]) throw new DOMException('other rates', 'NotSupportedError')
            return createMediaStreamSource.call(this, stream)
          }
      }, how === 'refused')
      const heard: number[] = []
      server.app.websocketServer.on('connection', (socket: WebSocket) =>
        socket.on('message', (data: Buffer, isBinary: boolean) => {
          if (isBinary) heard.push(...fromBytes(data))
        }),
      )
      await start()
      await becomes('Listening')
      await expect.poll(() => heard.length, { timeout: 60_000 }).toBeGreaterThan(3 * 32_000)
      expect(await page.evaluate(() => contexts.map(({ sampleRate }) => sampleRate))).toEqual(rates)
      // At the wrong rate its tone would be higher or lower by a third and more.
      const second = heard.slice(-32_000)
      const crossings = second.filter((sample, i) => sample >= 0 !== (second[i - 1] ?? sample) >= 0).length
      expect(crossings / 2).toBeGreaterThan(FAKE_TONE_HZ * 0.9)
      expect(crossings / 2).toBeLessThan(FAKE_TONE_HZ * 1.1)
      expect(page.errors).toEqual([])
    },
  )

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
