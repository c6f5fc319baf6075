import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { expect } from 'vitest'

const screenshots = resolve(import.meta.dirname, '../../../test-output/screenshots')

export type OpenPage = {
  readonly tab: Page
  /** The word of the control becomes this, or one of these. */
  becomes(word: string | RegExp, withinMs?: number): Promise<void>
  /** Every word the control has said since the page was opened, in order. */
  words(): Promise<string[]>
  /** Into test-output/screenshots. */
  picture(name: string): Promise<void>
  /** Fails where the page logged an error, threw one, or broke its Content-Security-Policy. */
  close(): Promise<void>
}

export type OpenOptions = BrowserContextOptions & {
  /** Errors that the test makes on purpose. */
  expected?: RegExp
  /** Somebody who was never here: the tour is there, which all others have seen. */
  firstVisit?: boolean
}

/** Names that the script below leaves in the page for tests. */
declare global {
  var heardWords: string[]
  var brokenPolicies: string[]
  var openTracks: MediaStreamTrack[]
  var openContexts: AudioContext[]
}

/** Opens the page in a profile of its own, as a person would. */
export async function openPage(browser: Browser, url: string, options: OpenOptions = {}): Promise<OpenPage> {
  const { expected, firstVisit = false, ...contextOptions } = options
  const context = await browser.newContext({
    viewport: { width: 1280, height: 860 },
    // Chromium would take the machine's.
    locale: 'en-GB',
    ...contextOptions,
  })
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await context.addInitScript(watchPage)
  if (!firstVisit) await context.addInitScript(sawTour)
  const tab = await context.newPage()
  tab.setDefaultTimeout(10_000)
  const errors: string[] = []
  tab.on('pageerror', error => errors.push(error.stack ?? error.message))
  tab.on('console', message => {
    if (message.type() === 'error') errors.push(message.text())
  })
  await tab.goto(url)
  await tab.locator('.word').or(tab.locator('dialog[open]')).first().waitFor()

  return {
    tab,
    async becomes(word, withinMs = 10_000) {
      await tab.locator('.word', { hasText: word }).waitFor({ timeout: withinMs })
    },
    words: () => tab.evaluate(() => heardWords),
    async picture(name) {
      await mkdir(screenshots, { recursive: true })
      await tab.screenshot({ path: join(screenshots, `${name}.png`) })
    },
    async close() {
      const broken = await tab.evaluate(() => brokenPolicies)
      await context.close()
      expect(broken).toEqual([])
      expect(errors.filter(error => !expected?.test(error))).toEqual([])
    },
  }
}

/** Runs in the page before its own code: keeps what tests ask for. */
function watchPage(): void {
  globalThis.heardWords = []
  globalThis.brokenPolicies = []
  globalThis.openTracks = []
  globalThis.openContexts = []
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
    brokenPolicies.push(`${violatedDirective} ${blockedURI}`)
  })
  new MutationObserver(() => {
    const word = document.querySelector('.word')?.textContent ?? ''
    if (word !== '' && word !== heardWords.at(-1)) heardWords.push(word)
  }).observe(document, { childList: true, subtree: true, characterData: true })
  const devices = navigator.mediaDevices as MediaDevices | undefined
  if (devices !== undefined) {
    const open = devices.getUserMedia.bind(devices)
    devices.getUserMedia = async constraints => {
      const stream = await open(constraints)
      openTracks.push(...stream.getTracks())
      return stream
    }
  }
  const Context = globalThis.AudioContext
  globalThis.AudioContext = class extends Context {
    constructor(options?: AudioContextOptions) {
      super(options)
      openContexts.push(this)
    }
  }
}

/** Runs in the page, too. */
function sawTour(): void {
  if (location.protocol.startsWith('http')) localStorage.setItem('quantvox.tour', 'seen')
}

/** Peak of what plays through the media element of the replies within so long, 0 to 1; and how far its clock moved. */
export function listenTo(
  tab: Page,
  ms: number,
): Promise<{ peak: number; movedSeconds: number; paused: boolean }> {
  return tab.evaluate(async forMs => {
    const element = document.querySelector<HTMLAudioElement>('audio[data-plays=replies]')
    if (!(element?.srcObject instanceof MediaStream)) throw new Error('no reply plays')
    const context = new AudioContext()
    const analyser = context.createAnalyser()
    context.createMediaStreamSource(element.srcObject).connect(analyser)
    const samples = new Float32Array(analyser.fftSize)
    const from = element.currentTime
    const until = performance.now() + forMs
    let peak = 0
    while (performance.now() < until) {
      analyser.getFloatTimeDomainData(samples)
      peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), peak)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    await context.close()
    return { peak, movedSeconds: element.currentTime - from, paused: element.paused }
  }, ms)
}
