import { beforeEach, describe, expect, test } from 'vitest'
import type { OpenOptions, OpenPage } from '../../../support/browser/openPage.ts'
import { useFakePage } from '../../../support/browser/useFakePage.ts'
import { usualScript } from '../../../support/fakes/fakeStages.ts'

declare global {
  var framesAsked: number
}

const fakePage = useFakePage({}, 'azure-weather')
const { server } = fakePage
let page: OpenPage
beforeEach(() => {
  Object.assign(server().script, usualScript, { clauseAudioMs: 1500 })
})

async function open(options: OpenOptions = {}): Promise<void> {
  page = await fakePage.open(options)
  await page.tab.evaluate(() => {
    globalThis.framesAsked = 0
    const ask = requestAnimationFrame
    globalThis.requestAnimationFrame = then => {
      framesAsked++
      return ask(then)
    }
  })
}

/** How far the shape reaches beyond the control, in units of its own; 0 where there is none. */
const reach = () =>
  page.tab
    .locator('.voice-shape path')
    .evaluate(path =>
      path.hasAttribute('d') ? (path as SVGPathElement).getBBox().height - 2 * (100 / 1.4) : 0,
    )
const framesAskedFor = async (ms: number) => {
  const before = await page.tab.evaluate(() => framesAsked)
  await page.tab.waitForTimeout(ms)
  return (await page.tab.evaluate(() => framesAsked)) - before
}

describe('the shape', () => {
  test('moves with who talks and with the answer, and rests while nothing sounds', async () => {
    await open()
    expect(await reach()).toBe(0)
    const control = page.tab.locator('.big')
    await page.tab.getByRole('button', { name: 'Start talking' }).click()
    await page.becomes('Hearing you')
    await expect.poll(reach).toBeGreaterThan(5)
    await page.picture('shape-hearing')
    await page.becomes('Speaking')
    const before = await control.boundingBox()
    await expect.poll(reach).toBeGreaterThan(15)
    expect(await control.boundingBox()).toEqual(before)
    await page.picture('shape-speaking')
    await page.becomes('Listening')
    // The clip is over, and so is the answer.
    await expect.poll(reach, { timeout: 15_000 }).toBe(0)
    expect(await framesAskedFor(500)).toBe(0)
    expect(await page.tab.locator('.voice-shape').getAttribute('aria-hidden')).toBe('true')
  })

  test('follows how loud the answer is', async () => {
    server().script.clauseAudioMs = 10_000
    await open()
    await page.tab.getByLabel('Type a question').fill('What is the time?')
    await page.tab.keyboard.press('Enter')
    await page.becomes('Speaking')
    await expect.poll(reach).toBeGreaterThan(15)
    const loud = await reach()
    // The same sound, 24 dB down.
    await page.tab.evaluate(() => {
      const { getFloatTimeDomainData } = AnalyserNode.prototype
      AnalyserNode.prototype.getFloatTimeDomainData = function (samples) {
        getFloatTimeDomainData.call(this, samples)
        for (const [i, sample] of samples.entries()) samples[i] = sample / 16
      }
    })
    await expect.poll(reach).toBeLessThan(loud - 10)
    expect(await reach()).toBeGreaterThan(2)
    await page.tab.keyboard.press('Escape')
    await expect.poll(reach).toBe(0)
  })

  test('is still for whoever wants no motion', async () => {
    await open({ reducedMotion: 'reduce' })
    await page.tab.getByLabel('Type a question').fill('What is the time?')
    await page.tab.keyboard.press('Enter')
    await page.becomes('Speaking')
    expect(await framesAskedFor(800)).toBe(0)
    expect(await reach()).toBe(0)
    await page.tab.emulateMedia({ reducedMotion: 'no-preference' })
    await expect.poll(reach).toBeGreaterThan(5)
  })
})
