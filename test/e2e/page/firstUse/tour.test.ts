import { describe, expect, test } from 'vitest'
import { accessibilityFaults, stickingOut } from '../../../support/browser/accessibility.ts'
import type { OpenOptions, OpenPage } from '../../../support/browser/openPage.ts'
import { useFakePage } from '../../../support/browser/useFakePage.ts'

const fakePage = useFakePage({ script: { clauseAudioMs: 300 } })
const { server } = fakePage
let page: OpenPage

async function open(options: OpenOptions = {}): Promise<void> {
  page = await fakePage.open({ firstVisit: true, ...options })
}

const tour = () => page.tab.getByRole('region', { name: /^(Tap|See|Switch)/ })
const step = () => tour().locator('.count').innerText()
const button = (name: string) => tour().getByRole('button', { name })
const focused = () => page.tab.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '')

describe('the tour', () => {
  test('has three steps, shows what each is about, and comes once', async () => {
    await open()
    expect(await step()).toBe('1 of 3')
    // Whoever loads a page is not carried off to it.
    expect(await page.tab.evaluate(() => document.activeElement === document.body)).toBe(true)
    expect(await page.tab.locator('.toured').getAttribute('aria-label')).toBe('Start talking')
    await button('Next').click()
    expect(await step()).toBe('2 of 3')
    await button('Next').click()
    expect(await step()).toBe('3 of 3')
    expect(await page.tab.locator('.toured').getAttribute('class')).toContain('chip')
    await button('Done').click()
    await tour().waitFor({ state: 'hidden' })
    expect(await page.tab.locator('.toured').count()).toBe(0)
    expect(await focused()).toBe('Start talking')
    await page.tab.getByRole('heading', { name: 'Talk to a model' }).waitFor()
    await page.tab.reload()
    await page.tab.getByRole('heading', { name: 'Talk to a model' }).waitFor()
    expect(await tour().count()).toBe(0)
  })

  test('is skipped with Esc, for good', async () => {
    await open()
    await tour().waitFor()
    await page.tab.keyboard.press('Escape')
    await tour().waitFor({ state: 'hidden' })
    await page.tab.reload()
    await page.tab.getByRole('heading', { name: 'Talk to a model' }).waitFor()
    expect(await tour().count()).toBe(0)
  })

  test('keeps nobody from asking, and goes on with what came of it; Esc stops the answer first', async () => {
    server().script.clauseAudioMs = 8000
    await open()
    await page.tab.getByLabel('Type a question').fill('What is the time?')
    await page.tab.keyboard.press('Enter')
    await page.becomes('Speaking')
    await expect.poll(step).toBe('2 of 3')
    await page.tab.locator('.toured.time-bar').waitFor()
    await page.tab.keyboard.press('Escape')
    await page.becomes('Off')
    expect(await step()).toBe('2 of 3')
    await page.tab.keyboard.press('Escape')
    await tour().waitFor({ state: 'hidden' })
    server().script.clauseAudioMs = 300
  })

  test('is there again from the help, wherever one is, and gives the focus back', async () => {
    await open()
    await button('Skip').click()
    await page.tab.goto(`${server().url}/#/turns`)
    await page.tab.getByRole('heading', { name: 'Turns', level: 1 }).waitFor()
    await page.tab.keyboard.press('?')
    await page.tab.getByRole('button', { name: 'Show the tour' }).click()
    await tour().waitFor()
    expect(await step()).toBe('1 of 3')
    await expect.poll(() => page.tab.evaluate(() => document.activeElement?.id)).toBe('tour-title')
    await page.tab.keyboard.press('Escape')
    await tour().waitFor({ state: 'hidden' })
    expect(await focused()).toBe('Keys and stages')
  })

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
    ['dark', 360],
  ] as const)('is for everybody, in the %s at %d px, and moves nothing', async (colorScheme, width) => {
    await open({ colorScheme, viewport: { width, height: width === 360 ? 740 : 860 } })
    const control = page.tab.locator('.big')
    const before = await control.boundingBox()
    expect(await accessibilityFaults(page.tab)).toEqual([])
    await page.picture(`tour-${colorScheme}-${width}`)
    for (const name of ['Next', 'Next']) {
      await button(name).click()
      expect(await stickingOut(page.tab)).toEqual([])
      expect(await accessibilityFaults(page.tab, ['.tour'])).toEqual([])
      expect((await control.boundingBox())?.y).toBe(before?.y)
    }
  })
})
