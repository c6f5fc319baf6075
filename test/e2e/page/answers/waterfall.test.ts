import type { Locator } from 'playwright-core'
import { beforeEach, describe, expect, test } from 'vitest'
import { accessibilityFaults, stickingOut } from '../../../support/browser/accessibility.ts'
import type { OpenPage } from '../../../support/browser/openPage.ts'
import { useFakePage } from '../../../support/browser/useFakePage.ts'
import { usualScript } from '../../../support/fakes/fakeStages.ts'

const { server, open } = useFakePage({}, 'azure-weather')
let page: OpenPage
beforeEach(async () => {
  Object.assign(server().script, usualScript, { clauseAudioMs: 300 })
  page = await open()
})

const turns = () => page.tab.locator('.turn')

async function ask(text: string): Promise<void> {
  const before = await turns().count()
  await page.tab.getByLabel('Type a question').fill(text)
  await page.tab.keyboard.press('Enter')
  await page.tab.locator('.turn[data-outcome=completed]').nth(before).waitFor({ timeout: 30_000 })
}

const axisOf = (waterfall: Locator) => waterfall.locator('.axis').innerText()

/** What the bar in front of the answer says first, milliseconds. */
async function shownMs(): Promise<number> {
  const text = await turns().last().locator('.time-bar strong').innerText()
  const [, figure = '', unit = ''] = /([\d.,]+) (ms|s)/.exec(text) ?? []
  return Number(figure.replace(',', '')) * (unit === 's' ? 1000 : 1)
}

declare global {
  var shownStages: string[]
}

/** Runs in the page: every stage whose row was shown, in order, and whether the answer was there as it came. */
function watchStages(): void {
  globalThis.shownStages = []
  new MutationObserver(() => {
    for (const row of document.querySelectorAll<HTMLElement>('.turn:last-child tr[data-bar]')) {
      const stage = row.dataset.bar ?? ''
      const reply = document.querySelector('.turn:last-child .reply')?.textContent ?? ''
      if (!shownStages.some(shown => shown.startsWith(`${stage} `)))
        shownStages.push(`${stage} ${/It is/.test(reply) ? 'answered' : 'waiting'}`)
    }
  }).observe(document, { childList: true, subtree: true })
}

describe('the waterfall', () => {
  test('grows from speech end on, in front of the answer, while somebody waits for it', async () => {
    Object.assign(server().script, {
      recognizeMs: 700,
      firstTokenMs: 1500,
      synthesizeMs: 500,
      clauseAudioMs: 1500,
    })
    await page.tab.evaluate(watchStages)
    await page.tab.getByRole('button', { name: 'Start talking' }).click()
    const bar = page.tab.locator('.time-bar')
    await bar.getByText('First token').waitFor()
    expect(await turns().last().locator('.reply').isVisible()).toBe(false)
    const before = await shownMs()
    await page.picture('waterfall-grows')
    await expect.poll(shownMs).toBeGreaterThan(before)
    await page.becomes('Speaking')
    await bar.getByText(/^Answer after/).waitFor()
    const [silence, transcription, token] = await page.tab.evaluate(() => shownStages)
    // The transcription may be over with the silence, of which some of it was hidden.
    expect([silence, transcription, token]).toEqual([
      'silence waiting',
      'transcription waiting',
      'firstToken waiting',
    ])
    const silenceRow = page.tab.locator('tr[data-bar=silence] td.figures')
    expect(Number((await silenceRow.innerText()).replace(',', ''))).toBeGreaterThan(100)
    await page.becomes('Listening')
    await bar.getByText(/^Answer heard after/).waitFor()
    expect(await bar.locator('.levels').innerText()).toMatch(/q8_0.*q4_K_M/s)
  })

  test('of an earlier turn folds to one bar, which opens; all have one axis, and a slow turn is marked', async () => {
    await ask('One?')
    server().script.firstTokenMs = 9000
    await ask('Two, slowly?')
    server().script.firstTokenMs = 5
    await ask('Three?')
    const waterfalls = page.tab.locator('.waterfall')
    expect(await Promise.all([0, 1, 2].map(i => waterfalls.nth(i).isVisible()))).toEqual([false, false, true])
    expect(await page.tab.locator('.time-bar').count()).toBe(3)
    await page.tab.locator('.time-bar').nth(1).click()
    expect(await waterfalls.nth(1).isVisible()).toBe(true)
    expect(await axisOf(waterfalls.nth(1))).toBe(await axisOf(waterfalls.nth(2)))
    const marked = page.tab.locator('.time-bar .beyond')
    expect(await marked.count()).toBeGreaterThan(0)
    expect(await page.tab.locator('.turn').nth(2).locator('.beyond').count()).toBe(0)
    await page.picture('waterfalls-folded')
    await ask('Four?')
    // Opened by hand, it stays so.
    expect(await waterfalls.nth(1).isVisible()).toBe(true)
    expect(await waterfalls.nth(2).isVisible()).toBe(false)
    await page.tab.emulateMedia({ media: 'print' })
    expect(await waterfalls.nth(2).isVisible()).toBe(true)
  })

  test.each([
    ['keyboard', {}],
    ['touch', { viewport: { width: 360, height: 740 }, hasTouch: true }],
  ] as const)('says of each stage what it is, by %s', async (way, options) => {
    server().script.firstTokenMs = 60
    page = await open(options)
    await ask('What is the time?')
    const explain = turns().last().getByRole('button', { name: 'Stages' })
    const meaning = turns().last().getByText('the model reads the prompt')
    expect(await meaning.isVisible()).toBe(false)
    if (way === 'touch') await explain.tap()
    else {
      await turns().last().getByRole('button', { name: 'Copy the answer' }).focus()
      await page.tab.keyboard.press('Tab')
      await page.tab.keyboard.press('Enter')
    }
    await meaning.waitFor()
    expect(await explain.getAttribute('aria-expanded')).toBe('true')
    const rows = await turns().last().locator('tr[data-bar] .meaning').allInnerTexts()
    expect(rows.length).toBeGreaterThan(4)
    expect(rows.every(text => text !== '')).toBe(true)
    expect(await accessibilityFaults(page.tab, ['.turn'])).toEqual([])
    expect(await stickingOut(page.tab)).toEqual([])
    await page.picture(`waterfall-explained-${way}`)
  })

  test('of a text that nobody speaks ends with its first token', async () => {
    await page.tab.locator('.pickers select').selectOption('none')
    await page.tab
      .locator('.model-pickers .status', { hasText: 'The first turn will use no voice.' })
      .waitFor()
    Object.assign(server().script, { tokenMs: 200 })
    await ask('Who reads?')
    await page.tab.locator('.time-bar', { hasText: 'First token after' }).waitFor()
    const stages = page.tab.locator('tr[data-bar]')
    expect(await stages.evaluateAll(rows => rows.map(row => (row as HTMLElement).dataset.bar))).not.toContain(
      'firstClause',
    )
  })
})
