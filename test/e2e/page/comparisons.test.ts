import { readFile } from 'node:fs/promises'
import type { Browser, Locator } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import { accessibilityFaults, stickingOut } from '../../support/browser/accessibility.ts'
import { launchBrowser } from '../../support/browser/chromium.ts'
import { type FakePage, startFakePage } from '../../support/browser/fakePage.ts'
import { type OpenOptions, type OpenPage, openPage } from '../../support/browser/openPage.ts'
import { fakeSpeechModel } from '../../support/fakes/fakeStages.ts'
import { makeComparisonResult } from '../../support/lab/comparisonResult.ts'
import {
  comparison,
  createScriptedComparisons,
  type ScriptedComparisons,
} from '../../support/lab/scriptedComparisons.ts'

/** The page in front of a lab that goes on when the test says so. */

let browser: Browser
let server: FakePage
let page: OpenPage
let lab: ScriptedComparisons

beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser?.close())
beforeEach(async () => {
  lab = createScriptedComparisons()
  const levels = [fakeSpeechModel('f16', 77.7e6, false), fakeSpeechModel('q8_0', 43.6e6, true)]
  server = await startFakePage({
    dependencies: {
      speechModels: async () => levels,
      comparisons: lab,
    },
  })
})
afterEach(async () => {
  await page?.close()
  await server?.stop()
})

test('the place is made once, though somebody leaves and comes back before it has come', async () => {
  page = await openPage(browser, server.url)
  const come = Promise.withResolvers<void>()
  await page.tab.route(/comparisonsView.*[.]js/, async route => {
    await come.promise
    await route.continue()
  })
  const asked: string[] = []
  page.tab.on('request', request => {
    if (request.url().endsWith('/v1/comparisons')) asked.push(request.url())
  })
  for (const name of ['Comparisons', 'Turns', 'Comparisons'])
    await page.tab.getByRole('link', { name, exact: true }).click()
  come.resolve()
  await page.tab.getByText('Start comparing').waitFor()
  expect(asked).toHaveLength(1)
})

async function open(place = '', options: OpenOptions = {}): Promise<void> {
  page = await openPage(browser, server.url, options)
  await page.tab.goto(`${server.url}/#/comparisons${place}`)
}
const view = () => page.tab.locator('.comparisons-view')

describe('a comparison', () => {
  test('is started with what is ticked, watched, and cancelled', async () => {
    await open()
    await view().getByLabel('q8_0').first().waitFor()
    const ticked = await view()
      .locator('input[name=speechModels]:checked')
      .evaluateAll(inputs => inputs.map(input => (input as HTMLInputElement).value))
    await view().getByLabel('Time budget').fill('5')
    await view().getByLabel('Memory, MB').fill('900')
    await view().getByRole('button', { name: 'Start comparing' }).click()
    await view().getByText('Waiting for its turn').waitFor()
    lab.progress(4)
    await view().getByText('speech: clip 4').waitFor()
    expect(lab.asked[0]).toMatchObject({
      budgetSeconds: 300,
      audio: 'builtin',
      limits: { memoryBytes: 900_000_000 },
    })
    expect(ticked).toEqual(['whisper-tiny.en-f16', 'whisper-tiny.en-q8_0'])
    expect(lab.asked[0]?.speechModels).toEqual(ticked)
    expect(lab.asked[0]?.voices).toEqual(['flite:slt'])
    const bar = view().getByRole('progressbar')
    // By time: a minute of about four.
    expect(Number(await bar.getAttribute('value'))).toBeCloseTo(0.25, 5)
    expect(await view().locator('.watching').innerText()).toContain('about 3 min left')
    await page.picture('comparison-running')
    lab.progress(10)
    await view().getByText('speech: clip 10').waitFor()
    await view().getByRole('button', { name: 'Cancel' }).click()
    await view().getByText('This run was cancelled').waitFor()
    expect(await view().locator('.watching').isVisible()).toBe(false)
  })

  test('goes on after a page that left, and is gone on with after a cancellation', async () => {
    lab.runs.push(comparison('a'))
    lab.progress(4)
    await open('/a')
    await view().getByText('speech: clip 4').waitFor()
    await page.tab.getByRole('link', { name: 'Turns' }).click()
    lab.progress(20)
    await page.tab.goBack()
    await view().getByText('speech: clip 20').waitFor()
    lab.end('cancelled')
    await view().getByRole('button', { name: 'Go on with it' }).click()
    await view().getByText('Waiting for its turn').or(view().getByText('speech: clip 20')).waitFor()
    lab.end('done')
    await view().locator('.sentence').waitFor()
    expect(await view().getByText('This run was').count()).toBe(0)
  })

  test('that is refused says why', async () => {
    lab.refuse = new QuantvoxError('invalid_request', 'Nothing to compare.', { mend: 'Name two levels.' })
    await open('', { expected: /400/ })
    await view().getByRole('button', { name: 'Start comparing' }).click()
    await view().getByText('Nothing to compare. Name two levels.').waitFor()
  })

  test('shows its report: verdict, tables with verdicts, front, noise, and what is not known', async () => {
    const { recommendation } = makeComparisonResult('done')
    lab.runs.push(comparison('done', { state: 'done', sentence: recommendation.sentence }))
    await open()
    expect(await view().locator('.runs').innerText()).toContain(recommendation.sentence)
    await view().locator('.runs a').click()
    const report = view().locator('.report')
    expect(await report.locator('.sentence').innerText()).toBe(recommendation.sentence)
    const time = report.getByRole('region', { name: 'Time of speech levels' })
    const q8 = time.getByRole('row').filter({ hasText: 'q8_0' })
    expect(await q8.getByRole('cell').first().textContent()).toBe('3500.76×✓better')
    expect(await time.getByRole('columnheader').allInnerTexts()).not.toContain('Energy per turn')
    expect(await report.locator('circle').count()).toBe(4)
    expect(await report.locator('circle.dominated title').textContent()).toContain(
      'dominated by whisper-tiny.en-q8_0',
    )
    expect(await report.locator('circle.recommended title').textContent()).toContain('whisper-tiny.en-q8_0')
    for (const part of [
      'Of 22 verdicts, 1 finds a difference where there is none',
      'energy: this machine has no meter',
      'the third round of answers',
      'the engine ended',
    ])
      expect(await report.getByText(part).isVisible()).toBe(true)
    await report.getByText('Worst clips of whisper-tiny.en-q4_0').click()
    expect(await report.locator('details[open] del').allInnerTexts()).toEqual(['order', 'a'])
    await page.picture('comparison-report')
    // A figure stands below its heading, not below the verdict beside it.
    const rightOf = (texts: Locator) =>
      texts.evaluate(element => {
        const range = document.createRange()
        range.selectNodeContents(element.firstChild ?? element)
        return range.getBoundingClientRect().right
      })
    const [heading, figure] = await Promise.all([
      rightOf(time.getByRole('columnheader').first()),
      rightOf(q8.getByRole('cell').first()),
    ])
    expect(Math.abs(heading - figure)).toBeLessThan(4)
    await page.tab.emulateMedia({ media: 'print' })
    expect(await report.locator('details:not([open]) > :not(summary)').first().isVisible()).toBe(true)
  })

  test('leads to the parts of its report, and leaves the page where it is', async () => {
    lab.runs.push(comparison('done', { state: 'done' }))
    await open('/done')
    const link = view()
      .getByRole('navigation', { name: 'Sections' })
      .getByRole('link', { name: 'Environment' })
    await link.click()
    const section = view().locator('#environment:focus')
    await section.waitFor()
    expect(await section.evaluate(part => part.getBoundingClientRect().top < innerHeight)).toBe(true)
    expect(page.tab.url()).toMatch(/#\/comparisons\/done$/)
  })

  test('is downloaded, and forgotten', async () => {
    lab.runs.push(comparison('done', { state: 'done' }))
    await open('/done')
    const [download] = await Promise.all([
      page.tab.waitForEvent('download'),
      view().getByRole('button', { name: 'CSV' }).click(),
    ])
    expect(download.suggestedFilename()).toBe('quantvox-comparison-done.csv')
    expect(await readFile(await download.path(), 'utf8')).toMatch(/^side,arm,/)
    await view().getByRole('button', { name: 'Forget this run' }).click()
    await view().getByRole('button', { name: 'Keep it' }).click()
    expect(lab.runs).toHaveLength(1)
    await view().getByRole('button', { name: 'Forget this run' }).click()
    await view().getByRole('button', { name: 'Forget it for good' }).click()
    await view().getByRole('button', { name: 'Start comparing' }).waitFor()
    expect(lab.runs).toEqual([])
  })
})

describe('everybody can use it', () => {
  test.each(['light', 'dark'] as const)(
    'axe finds nothing in the %s: list, form and report',
    async colorScheme => {
      lab.runs.push(
        comparison('done', { state: 'done' }),
        comparison('failed', { state: 'failed', error: { code: 'internal', message: 'It broke.' } }),
      )
      await open('', { colorScheme })
      await view().getByText('New comparison').click()
      expect(await accessibilityFaults(page.tab)).toEqual([])
      await view().locator('.runs a').first().click()
      await view().locator('.report .sentence').waitFor()
      expect(await accessibilityFaults(page.tab)).toEqual([])
      await page.picture(`comparison-${colorScheme}`)
    },
  )

  test('it fits a phone', async () => {
    lab.runs.push(comparison('done', { state: 'done' }))
    await open('/done', { viewport: { width: 360, height: 740 } })
    await view().locator('.report .sentence').waitFor()
    expect(await stickingOut(page.tab)).toEqual([])
    expect(await accessibilityFaults(page.tab)).toEqual([])
    await page.picture('comparison-phone')
  })

  test('a server without a lab has one line', async () => {
    await server.stop()
    server = await startFakePage()
    await open('', { expected: /404/ })
    await view().getByText('This server has no lab.').waitFor()
  })
})

test('comparisons of other servers say where they are, and that they are missing where they cannot be seen', async () => {
  lab.runs.push(comparison('elsewhere', { state: 'done', replicaId: 'gpu-2' }))
  await open()
  await view().getByText('the default models, on gpu-2').waitFor()
  await view().locator('.runs a').click()
  await view().locator('.run').waitFor()
  await view().getByText('the default models, on gpu-2').waitFor()
  const unseen = { code: 'record_unavailable', message: 'The record does not answer.' }
  lab.list = async () => ({ items: [], unseen })
  await view().getByText('All comparisons').click()
  await view().getByText('Those of other servers are not here. The record does not answer.').waitFor()
})
