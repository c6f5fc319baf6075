import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { LanguageModel } from '../../../../server/protocol/models.ts'
import { accessibilityFaults, stickingOut } from '../../../support/browser/accessibility.ts'
import { launchBrowser } from '../../../support/browser/chromium.ts'
import { type FakePage, startFakePage } from '../../../support/browser/fakePage.ts'
import { type OpenOptions, type OpenPage, openPage } from '../../../support/browser/openPage.ts'
import { layoutShift, watchShifts } from '../../../support/browser/shifts.ts'
import { fakeLanguageModel, fakeSpeechModel } from '../../../support/fakes/fakeStages.ts'
import {
  comparison,
  createScriptedComparisons,
  type ScriptedComparisons,
} from '../../../support/lab/scriptedComparisons.ts'

const tag = (level: string, sizeBytes: number): LanguageModel => ({
  ...fakeLanguageModel,
  ...{ name: `fake:1b-${level}`, quantization: level.toUpperCase(), sizeBytes },
})
const tags = [tag('fp16', 2_000_000_000), tag('q8_0', 1_300_000_000), tag('q4_K_M', 700_000_000)]

let browser: Browser
let server: FakePage
let page: OpenPage
let lab: ScriptedComparisons
beforeAll(async () => {
  browser = await launchBrowser()
})
beforeEach(async () => {
  lab = createScriptedComparisons()
  server = await startFakePage({
    dependencies: {
      languageModels: async () => tags,
      speechModels: async () => [
        fakeSpeechModel('f16', 77.7e6, false),
        fakeSpeechModel('q8_0', 43.6e6, true),
      ],
      comparisons: lab,
    },
  })
  server.stages.languageModel = async name => tags.find(tag => tag.name === name) ?? fakeLanguageModel
})
afterEach(async () => {
  await page?.close()
  await server?.stop()
})
afterAll(() => browser?.close())

const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }
const chip = () => page.tab.locator('.chip')
/** As the chip says them. */
const levels = async () => (await chip().locator('.level').allTextContents()).join(' ')

async function open(options: OpenOptions = {}): Promise<void> {
  page = await openPage(browser, server.url, options)
  await expect.poll(levels).toBe('q4_K_M q8_0')
}

async function ask(text: string): Promise<void> {
  const before = await page.tab.locator('.turn').count()
  await page.tab.getByLabel('Type a question').fill(text)
  await page.tab.keyboard.press('Enter')
  await page.tab.locator('.turn[data-outcome=completed]').nth(before).waitFor({ timeout: 30_000 })
}

describe('the levels', () => {
  test('are stepped by keys, from where one talks, and each answer says what the step cost', async () => {
    await open()
    await ask('One?')
    await page.tab.locator('main').focus()
    await page.tab.keyboard.press(']')
    await expect.poll(levels).toMatch(/^q8_0/)
    await expect.poll(() => page.tab.locator('.level-chip [role=status]').innerText()).toMatch(/q8_0/)
    await page.tab.keyboard.press('{')
    await page.tab.keyboard.press('}')
    await expect.poll(levels).toMatch(/f16$/)
    await expect.poll(() => chip().getAttribute('class')).not.toContain('switching')
    await ask('And two?')
    const difference = page.tab.locator('.difference')
    expect(await difference.count()).toBe(2)
    expect(await difference.first().isVisible()).toBe(false)
    expect(await difference.last().innerText()).toMatch(/^q8_0: .*against q4_K_M/)
    await page.picture('levels-difference')
    // What is typed is a question.
    await page.tab.getByLabel('Type a question').pressSequentially('[]')
    expect(await levels()).toMatch(/^q8_0/)
  })

  for (const history of [false, true]) {
    test(`are never moved by what comes, ${history ? 'with' : 'without'} a history`, async () => {
      page = await openPage(browser, server.url)
      // So many that the page is scrolled, before and after a further one.
      if (history) for (const text of ['One?', 'Two?', 'Three?', 'Four?', 'Five?']) await ask(text)
      await page.tab.addInitScript(watchShifts)
      await page.tab.reload()
      await page.tab.locator('.model-pickers').getByRole('radio').first().waitFor()
      await expect.poll(() => page.tab.locator('.turn').count()).toBe(history ? 5 : 0)
      const where = () => page.tab.locator('.pickers').boundingBox()
      const before = await where()
      await expect.poll(() => page.tab.locator('.latency-chart canvas').count()).toBe(history ? 2 : 0)
      await page.tab.waitForTimeout(500)
      await ask('What is the time?')
      await page.tab.waitForTimeout(500)
      const after = await where()
      expect({ ...after, y: before?.y }).toEqual(before)
      // How far a page scrolls is rounded.
      expect(Math.abs((after?.y ?? 0) - (before?.y ?? 0))).toBeLessThan(1)
      expect(await layoutShift(page.tab)).toBeLessThan(0.1)
      const chart = await page.tab.locator('.latency').boundingBox()
      expect(chart?.y).toBeGreaterThan((before?.y ?? 0) + (before?.height ?? 0) - 1)
    })
  }
})

describe('the chart', () => {
  test('has tabs for time, memory, tokens a second and word errors', async () => {
    await open()
    await ask('One?')
    await page.tab.getByRole('tab', { name: 'Latency' }).focus()
    await page.tab.keyboard.press('ArrowRight')
    await expect.poll(() => page.tab.locator('.latency-chart .legend').innerText()).toContain('800 MB')
    await page.picture('chart-memory')
    await page.tab.keyboard.press('ArrowRight')
    await expect.poll(() => page.tab.locator('.latency-chart .legend').innerText()).toContain('/s')
    await page.tab.keyboard.press('ArrowRight')
    await page.tab.getByText('nobody wrote down what you said').waitFor()
    expect(await accessibilityFaults(page.tab, ['.latency-chart'])).toEqual([])
    expect(await page.tab.getByRole('link', { name: 'A comparison' }).getAttribute('href')).toBe(
      '#/comparisons',
    )
    lab.runs.push(comparison('c1', { state: 'done', finishedAt: '2026-11-25T09:09:00.000Z' }))
    await page.tab.keyboard.press('ArrowLeft')
    await page.tab.keyboard.press('ArrowRight')
    await page.tab.locator('.word-errors tbody tr').first().waitFor()
    expect(await page.tab.locator('.word-errors tbody').innerText()).toMatch(/f16[\s\S]*\d\.\d %/)
    expect(await accessibilityFaults(page.tab, ['.latency-chart'])).toEqual([])
    await page.picture('chart-word-errors')
  })
})

describe('a phone', () => {
  test.each(['light', 'dark'] as const)(
    'keeps half of its screen for the conversation, %s',
    async colorScheme => {
      await open({ ...phone, colorScheme })
      await ask('What is the time?')
      const dock = await page.tab.locator('.dock').boundingBox()
      expect(dock?.height).toBeLessThan(120)
      expect((dock?.y ?? 0) + (dock?.height ?? 0)).toBeGreaterThan(735)
      const tops = await page.tab
        .locator('.big, .typed, .chip, .more')
        .evaluateAll(parts => parts.map(part => part.getBoundingClientRect().top))
      expect(Math.max(...tops) - Math.min(...tops)).toBeLessThan(20)
      expect(await stickingOut(page.tab)).toEqual([])
      expect(await accessibilityFaults(page.tab)).toEqual([])
      await page.picture(`conversation-phone-${colorScheme}`)
      await page.tab.getByRole('button', { name: 'More' }).click()
      await page.tab.getByRole('button', { name: 'Settings' }).waitFor()
      await page.picture(`menu-phone-${colorScheme}`)
      await page.tab.keyboard.press('Escape')
      await chip().click()
      await page.tab.locator('.model-pickers').getByRole('radio', { name: 'q8_0' }).first().check()
      expect(await accessibilityFaults(page.tab)).toEqual([])
      await page.picture(`levels-phone-${colorScheme}`)
      await page.tab.keyboard.press('Escape')
      await page.tab.locator('.model-pickers').waitFor({ state: 'hidden' })
      await expect.poll(levels).toMatch(/^q8_0/)
    },
  )

  test('and a page at 200 %', async () => {
    await open({ viewport: { width: 640, height: 360 }, deviceScaleFactor: 2 })
    await ask('What is the time?')
    const dock = await page.tab.locator('.dock').boundingBox()
    expect(dock?.height).toBeLessThan(120)
    const top = await page.tab.locator('.conversation').boundingBox()
    expect((dock?.y ?? 0) - Math.max(0, top?.y ?? 0)).toBeGreaterThan(180)
    expect(await stickingOut(page.tab)).toEqual([])
    await page.picture('conversation-zoom-200')
  })
})
