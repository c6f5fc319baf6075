import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { atLevel } from '../../../scripts/bench/turntaking/items/levels.ts'
import { withFlite } from '../../../scripts/bench/turntaking/items/speakWithFlite.ts'
import { HUM } from '../../../scripts/bench/turntaking/items/spoken.ts'
import { joinSamples, samplesIn } from '../../../server/audio/pcm.ts'
import { readClip } from '../../../server/audio/readClip.ts'
import { launchBrowser } from '../../support/browser/chromium.ts'
import { type OpenPage, openPage } from '../../support/browser/openPage.ts'
import { giveMicrophone } from '../../support/browser/spokenMicrophone.ts'
import { charactersWrong, HEARD_WELL } from '../../support/hearing.ts'
import { clip, type LiveServer, startLiveServer } from '../../support/liveServer.ts'

/** Somebody who pauses, hums and says "stop", before a real browser and real engines, as these are set up. */

let server: LiveServer
let browser: Browser
let page: OpenPage
let say: (samples: Int16Array) => Promise<void>
beforeAll(async () => {
  server = await startLiveServer({ STOP_SECONDS: '1' })
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
})
beforeEach(async () => {
  page = await openPage(browser, server.url)
  const microphone = await giveMicrophone(page.tab)
  say = microphone.say
  await page.tab.getByRole('button', { name: 'Start talking' }).click()
  await page.becomes('Listening')
})
afterEach(() => page.close())

const read = async (path: string) => (await readClip(path, 60, new AbortController().signal)).samples
/** What there is no recording of. */
const near = async (text: string) => atLevel(await withFlite(speak => speak(text, 'rms')), -24)
const silence = (ms: number) => new Int16Array(samplesIn(ms))
const turns = () => page.tab.locator('.turn')
const outcomes = () => turns().evaluateAll(all => all.map(turn => turn.getAttribute('data-outcome')))
const asked = async () => (await page.tab.locator('.turn .question').allInnerTexts()).join('\n')

describe('a person before the page', () => {
  test('who pauses in mid-sentence is heard to the end, and answered once', async () => {
    const order = await read(clip('order-1e0e6369'))
    // Between "with" and "brown"; longer than SILENCE_MS.
    const at = samplesIn(1710)
    await say(joinSamples([silence(500), order.subarray(0, at), silence(650), order.subarray(at)]))
    await page.becomes('Speaking', 60_000)
    expect(await turns().count(), await asked()).toBe(1)
    const heard = (await asked()).replace(/^You said:\s*/, '')
    expect(charactersWrong('Give me a medium roast latte with brown sugar.', heard)).toBeLessThan(HEARD_WELL)
  })

  test('who hums over the answer hears it go on; who says "stop" does not, and is not answered', async () => {
    await page.tab.getByLabel('Type a question').fill('Tell me a long story about a river and a mill.')
    await page.tab.keyboard.press('Enter')
    await page.becomes('Speaking', 60_000)
    await page.tab.waitForTimeout(1500)
    await say(await near(HUM))
    await expect.poll(page.words, { timeout: 30_000 }).toContain('Hearing you')
    await page.becomes('Speaking', 60_000)
    expect(await outcomes(), await asked()).toEqual(['open'])
    await say(await near('Stop.'))
    await expect.poll(outcomes, { timeout: 30_000 }).toEqual(['interrupted'])
    await page.becomes('Listening', 30_000)
    await page.tab.waitForTimeout(3000)
    expect(await outcomes(), await asked()).toEqual(['interrupted'])
  })
})
