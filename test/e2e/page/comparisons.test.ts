import { readFile } from 'node:fs/promises'
import type { Browser, Route } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type {
  ComparisonProgress,
  ComparisonRequest,
  ComparisonStatus,
} from '../../../server/protocol/comparisons.ts'
import { accessibilityFaults, stickingOut } from '../../support/browser/accessibility.ts'
import { launchBrowser } from '../../support/browser/chromium.ts'
import { type FakePage, startFakePage } from '../../support/browser/fakePage.ts'
import { type OpenOptions, type OpenPage, openPage } from '../../support/browser/openPage.ts'
import { makeComparisonResult } from '../../support/comparisonResult.ts'
import { fakeSpeechModel } from '../../support/fakeStages.ts'

/** The page in front of a scripted lab: what the routes answer is the test's to say. */

let browser: Browser
let server: FakePage
let page: OpenPage
let runs: ComparisonStatus[]
let asked: ComparisonRequest[]
/** One connection to the events after another. */
let lines: string[]

beforeAll(async () => {
  browser = await launchBrowser()
  const levels = [fakeSpeechModel('f16', 77.7e6, false), fakeSpeechModel('q8_0', 43.6e6, true)]
  server = await startFakePage({ dependencies: { speechModels: async () => levels } })
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
})
beforeEach(() => {
  runs = []
  asked = []
  lines = []
})
afterEach(() => page.close())

const run = (id: string, change: Partial<ComparisonStatus> = {}): ComparisonStatus => ({
  ...{ id, state: 'running', startedAt: '2026-11-25T09:00:00.000Z', finishedAt: null },
  ...{ request: {}, progress: null, sentence: null, error: null },
  ...change,
})
const progress = (doneSteps: number): string => {
  const data: ComparisonProgress = {
    ...{ phase: 'speech', what: `clip ${doneSteps}`, doneSteps, totalSteps: 40 },
    ...{ elapsedMs: 60_000, remainingMs: 180_000 },
  }
  return event('progress', data)
}
const event = (name: string, data: unknown) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`

async function answer(route: Route): Promise<void> {
  const request = route.request()
  const { pathname, searchParams } = new URL(request.url())
  const [, , , id, events] = pathname.split('/')
  const known = runs.find(each => each.id === id)
  if (id === undefined && request.method() === 'POST') {
    asked.push(request.postDataJSON())
    runs.unshift(run('new', { request: request.postDataJSON() }))
    return route.fulfill({ status: 202, json: runs[0] })
  }
  if (id === undefined) return route.fulfill({ json: { items: runs } })
  if (known === undefined)
    return route.fulfill({ status: 404, json: { code: 'not_found', detail: 'No such run.' } })
  if (request.method() === 'DELETE') {
    if (known.state === 'running') known.state = 'cancelled'
    else runs = runs.filter(each => each !== known)
    return route.fulfill({ status: 204 })
  }
  if (events !== undefined) {
    const over = event('done', { id, state: known.state })
    const body = known.state === 'running' ? (lines.shift() ?? '') : over
    return route.fulfill({ contentType: 'text/event-stream', body })
  }
  const result = makeComparisonResult(id)
  if (searchParams.get('format') === 'csv')
    return route.fulfill({ contentType: 'text/csv', body: 'name,figure\n' })
  return route.fulfill({ json: result })
}

async function open(place = '', options: OpenOptions = {}): Promise<void> {
  page = await openPage(browser, server.url, options)
  await page.tab.route(/\/v1\/comparisons/, answer)
  await page.tab.goto(`${server.url}/#/comparisons${place}`)
}
const view = () => page.tab.locator('.comparisons-view')

describe('a comparison', () => {
  test('is started with what is ticked, watched, and cancelled', async () => {
    lines = [progress(4), progress(10), progress(10), progress(10)]
    await open()
    await view().getByLabel('q8_0').first().waitFor()
    const ticked = await view()
      .locator('input[name=speechModels]:checked')
      .evaluateAll(inputs => inputs.map(input => (input as HTMLInputElement).value))
    await view().getByLabel('Time budget').fill('5')
    await view().getByLabel('Memory, MB').fill('900')
    await view().getByRole('button', { name: 'Start comparing' }).click()
    await view().getByText('speech: clip 4').waitFor()
    expect(asked[0]).toMatchObject({
      budgetSeconds: 300,
      audio: 'builtin',
      limits: { memoryBytes: 900_000_000 },
    })
    expect(ticked).toEqual(['whisper-tiny.en-f16', 'whisper-tiny.en-q8_0'])
    expect(asked[0]?.speechModels).toEqual(ticked)
    const bar = view().getByRole('progressbar')
    expect(Number(await bar.getAttribute('value'))).toBeCloseTo(0.1, 5)
    expect(await view().locator('.watching').innerText()).toContain('about 3 min left')
    await page.picture('comparison-running')
    // The line broke after its first event; the page takes it up again.
    await view().getByText('speech: clip 10').waitFor()
    await view().getByRole('button', { name: 'Cancel' }).click()
    await view().getByText('This run was cancelled').waitFor()
    expect(await view().locator('.watching').isVisible()).toBe(false)
  })

  test('that is refused says why', async () => {
    await open('', { expected: /400/ })
    await page.tab.route(/\/v1\/comparisons$/, route =>
      route.request().method() === 'POST'
        ? route.fulfill({
            status: 400,
            json: { code: 'invalid_request', detail: 'Nothing to compare.', mend: 'Name two levels.' },
          })
        : route.fallback(),
    )
    await view().getByRole('button', { name: 'Start comparing' }).click()
    await view().getByText('Nothing to compare. Name two levels.').waitFor()
  })

  test('shows its report: verdict, tables with verdicts, front, noise, and what is not known', async () => {
    const { recommendation } = makeComparisonResult('done')
    runs = [run('done', { state: 'done', sentence: recommendation.sentence })]
    await open()
    expect(await view().locator('.runs').innerText()).toContain(recommendation.sentence)
    await view().locator('.runs a').click()
    const report = view().locator('.report')
    await report.waitFor()
    expect(await report.locator('.sentence').innerText()).toBe(recommendation.sentence)
    const speech = report.getByRole('region', { name: /^Speech levels/ })
    const q8 = speech.getByRole('row').filter({ hasText: 'q8_0' })
    expect(await q8.innerText()).toContain('recommended')
    expect(await q8.innerText()).toContain('0.76×, better')
    expect(await speech.getByRole('columnheader').allInnerTexts()).not.toContain('energy a turn')
    expect(await report.locator('.front circle').count()).toBe(4)
    expect(await report.locator('.front li.dominated').innerText()).toContain(
      'whisper-tiny.en-q8_0 is better in everything',
    )
    const text = await report.innerText()
    for (const part of [
      '22 verdicts, 1 false',
      'energy: this machine has no meter',
      'the third round of answers',
      'the engine ended',
    ])
      expect(text).toContain(part)
    await report.getByText('Worst clips of whisper-tiny.en-q4_0').click()
    expect(await report.locator('details[open] del').allInnerTexts()).toEqual(['order', 'a'])
    await page.picture('comparison-report')
  })

  test('is downloaded, and forgotten', async () => {
    runs = [run('done', { state: 'done' })]
    await open('/done')
    const [download] = await Promise.all([
      page.tab.waitForEvent('download'),
      view().getByRole('button', { name: 'CSV' }).click(),
    ])
    expect(download.suggestedFilename()).toBe('quantvox-comparison-done.csv')
    expect(await readFile(await download.path(), 'utf8')).toBe('name,figure\n')
    await view().getByRole('button', { name: 'Forget this run' }).click()
    await view().getByRole('button', { name: 'Start comparing' }).waitFor()
    expect(runs).toEqual([])
  })
})

describe('everybody can use it', () => {
  test.each(['light', 'dark'] as const)(
    'axe finds nothing in the %s: list, form and report',
    async colorScheme => {
      runs = [
        run('done', { state: 'done' }),
        run('failed', { state: 'failed', error: { code: 'internal', message: 'It broke.' } }),
      ]
      await open('', { colorScheme })
      await view().getByText('New comparison').click()
      expect(await accessibilityFaults(page.tab)).toEqual([])
      await view().locator('.runs a').first().click()
      await view().locator('.report').waitFor()
      expect(await accessibilityFaults(page.tab)).toEqual([])
      await page.picture(`comparison-${colorScheme}`)
    },
  )

  test('it fits a phone', async () => {
    runs = [run('done', { state: 'done' })]
    await open('/done', { viewport: { width: 360, height: 740 } })
    await view().locator('.report').waitFor()
    expect(await stickingOut(page.tab)).toEqual([])
    await page.picture('comparison-phone')
  })

  test('a server without a lab has one line', async () => {
    await open('', { expected: /404/ })
    await page.tab.unroute(/\/v1\/comparisons/, answer)
    await page.tab.route(/\/v1\/comparisons/, route =>
      route.fulfill({ status: 404, json: { code: 'not_found', detail: 'There is no such route.' } }),
    )
    await page.tab.reload()
    await view().getByText('This server has no lab.').waitFor()
  })
})
