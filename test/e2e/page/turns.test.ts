import { readFile } from 'node:fs/promises'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { StoredTurn } from '../../../server/protocol/record.ts'
import { levelName } from '../../../server/shared/quantization.ts'
import { accessibilityFaults, stickingOut } from '../../support/browser/accessibility.ts'
import { launchBrowser } from '../../support/browser/chromium.ts'
import { type FakePage, startFakePage } from '../../support/browser/fakePage.ts'
import { type OpenOptions, type OpenPage, openPage } from '../../support/browser/openPage.ts'
import { barsOnScreen, visibleMs } from '../../support/browser/waterfallOnScreen.ts'
import { makeTurn, makeTurns } from '../../support/record/records.ts'

const token = 'a-token-of-the-test'
/** Whole, live, and with its transcription partly hidden in the silence. */
const liveTurn = (() => {
  const { record, text } = makeTurn(203)
  const { fromSpeechEnd, speech } = record
  const transcriptMs = 610
  const later = transcriptMs - (fromSpeechEnd.transcriptMs ?? 0)
  const moved = Object.fromEntries(
    Object.entries(fromSpeechEnd).map(([name, ms]) => [name, ms === null ? null : ms + later]),
  ) as typeof fromSpeechEnd
  return {
    record: {
      ...record,
      source: 'socket' as const,
      fromSpeechEnd: { ...moved, turnDecidedMs: 505, playbackStartedMs: (moved.firstAudioMs ?? 0) + 42 },
      speech: { ...speech, cold: false, earlyDecode: 'used' as const },
      llm: { ...record.llm, cold: false },
      speculation: {
        ...{ pauses: 2, revisions: 1, reopened: 0, attempts: [], decidedBy: 'likely' as const },
        detector: [{ silenceMs: 64, probability: 0.2, inferenceMs: 41 }],
        ...{ textState: 'weak' as const, endsHere: 0.9, wastedOutputTokens: 14, wastedEngineMs: 412.4 },
        ...{ tokenReadyMs: null, tokenReleasedMs: null, gateHeldMs: null, savedMs: null },
      },
    },
    text,
  }
})()

let browser: Browser
let server: FakePage
let page: OpenPage
beforeAll(async () => {
  browser = await launchBrowser()
  server = await startFakePage({ settings: { AUTH_TOKEN: token } })
  for (const { record, text } of [...makeTurns(120), liveTurn]) server.stages.store.insert(record, text)
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
})
afterEach(() => page.close())

async function open(options: OpenOptions = {}): Promise<void> {
  page = await openPage(browser, `${server.url}/#token=${token}`, options)
  await page.tab.goto(`${server.url}/#/turns`)
  await page.tab.locator('table.record').waitFor()
}

const filter = (name: string) => page.tab.locator(`.filters select[name=${name}]`)
const rows = () => page.tab.locator('table.record tbody tr:not(.detail)')
const status = () => page.tab.locator('.turns-view > .status').innerText()
/** The figures of a column as numbers; NaN for a dash. */
async function column(place: number): Promise<number[]> {
  const texts = await rows().locator(`td:nth-of-type(${place})`).allInnerTexts()
  return texts.map(text => Number(text.replace(/,/g, '')))
}
const FIRST_TOKEN = 6

describe('the record', () => {
  test('comes by pages, and is filtered by model, level, outcome and time', async () => {
    await open()
    expect(await status()).toBe('Showing the newest 50 of 121 turns')
    await page.tab.getByRole('button', { name: 'Show more' }).click()
    await expect.poll(() => rows().count()).toBe(100)
    await filter('llmModel').selectOption('smollm2:135m-instruct-q8_0')
    await filter('speechModel').selectOption({ label: 'tiny.en-q4_0' })
    await filter('outcome').selectOption('interrupted')
    await expect.poll(status).toMatch(/^\d+ turns?$/)
    const texts = await rows().allInnerTexts()
    expect(texts.length).toBeGreaterThan(0)
    for (const text of texts) expect(text).toMatch(/tiny\.en-q4_0.*smollm2:135m-instruct-q8_0.*interrupted/s)
    await page.tab.getByRole('button', { name: 'Clear filters' }).click()
    await filter('period').selectOption('last hour')
    await page.tab.getByText('No turn matches these filters.').waitFor()
  })

  test('sorts by a figure over all pages, unknown figures last', async () => {
    await open()
    await page.tab.getByRole('button', { name: 'first token' }).click()
    await expect.poll(() => rows().count()).toBe(121)
    const known = (await column(FIRST_TOKEN)).filter(value => !Number.isNaN(value))
    expect(known).toEqual(known.toSorted((a, b) => b - a))
    await page.tab.getByRole('button', { name: 'first token' }).click()
    await page.tab.locator('th[aria-sort=ascending]').waitFor()
    const values = await column(FIRST_TOKEN)
    expect(values.slice(0, known.length)).toEqual(known.toSorted((a, b) => a - b))
    expect(values.slice(known.length).every(Number.isNaN)).toBe(true)
    expect(await page.tab.evaluate(() => document.activeElement?.textContent)).toBe('first token')
  })

  test('sums up every combination with median, interval and p95', async () => {
    await open()
    const summary = page.tab.locator('.summary')
    const answer = await fetch(`${server.url}/v1/summary?groupBy=llmModel,speechModel`, {
      headers: { authorization: `Bearer ${token}` },
    }).then(response => response.json())
    expect(await summary.locator('tbody tr').count()).toBe(answer.groups.length)
    const medians = answer.groups.flatMap(
      (group: { timings: Record<string, { p50: number }> }) =>
        group.timings['fromSpeechEnd.firstTokenMs']?.p50 ?? [],
    )
    const shown = await summary.locator('tbody tr td:nth-of-type(3)').allInnerTexts()
    expect(shown[0]).toContain(`${Math.round(Math.min(...medians))} ms`)
    expect(shown[0]).toMatch(/\d+ – \d+ ms/)
    expect(await summary.getByText('14 tokens and 412 ms for nothing').count()).toBe(1)
    await summary.getByRole('combobox').selectOption('tokens a second')
    await expect.poll(() => summary.locator('tbody tr td:nth-of-type(3)').first().innerText()).toMatch(/\/s/)
  })

  test('exports what is filtered, with the token', async () => {
    await open()
    await filter('outcome').selectOption('failed')
    await expect.poll(status).toMatch(/^\d+ turns?$/)
    const count = await rows().count()
    const [download] = await Promise.all([
      page.tab.waitForEvent('download'),
      page.tab.getByRole('button', { name: 'Export CSV' }).click(),
    ])
    expect(download.suggestedFilename()).toMatch(/^quantvox-turns-\d{4}-\d\d-\d\d\.csv$/)
    const lines = (await readFile(await download.path(), 'utf8')).trim().split('\n')
    expect(lines).toHaveLength(count + 1)
    expect(lines[0]).toContain('fromSpeechEnd.firstTokenMs')
    for (const line of lines.slice(1)) expect(line).toContain('engine_timeout')
  })
})

describe('a turn opened', () => {
  test('shows bars that add up to the figures of its record, and its row', async () => {
    await open()
    await rows().first().getByRole('button').press('Enter')
    const detail = page.tab.locator('tr.detail:not([hidden])')
    const bars = await barsOnScreen(detail)
    const { fromSpeechEnd: at, speech, llm } = liveTurn.record
    // Each figure on screen is rounded by itself.
    expect(Math.abs(visibleMs(bars) - (at.playbackStartedMs ?? 0))).toBeLessThan(bars.length)
    const shown = Object.fromEntries(bars.map(({ id, ms }) => [id, ms]))
    expect(shown.silence).toBe(505)
    expect(shown.transcription).toBe(Math.round(speech.inferenceMs ?? 0))
    expect(shown.promptEvaluation).toBe(Math.round(llm.promptEvalMs ?? 0))
    expect(shown.playbackStart).toBe(42)
    expect(bars.find(({ id }) => id === 'transcription')?.hiddenMs).toBeGreaterThan(0)
    const end = detail.locator('figcaption').getByText('likely over')
    expect(await end.getAttribute('title')).toBe('by the voice 20 %, words weak, by the model 90 %')
    expect(await detail.locator('figcaption').innerText()).toContain('14 tokens and 412 ms for nothing')
    expect(await detail.locator('figcaption').innerText()).toMatch(
      new RegExp(
        `Answer heard after ${Math.round(at.playbackStartedMs ?? 0)} ms[\\s\\S]*${levelName(speech.quantization ?? '')}[\\s\\S]*${levelName(llm.quantization ?? '')}`,
      ),
    )
    // What the eye sees: each bar begins where the one before it ended, but for what the silence hides.
    const seen = bars.filter(({ left }) => !Number.isNaN(left))
    for (const [i, { left }] of seen.entries()) {
      if (i > 0) expect(Math.abs(left - (seen[i - 1]?.right ?? 0))).toBeLessThan(3)
    }
    await detail.getByText('Raw row').click()
    const row = JSON.parse(await detail.locator('pre').innerText()) as StoredTurn
    expect(row).toEqual({ ...liveTurn.record, ...liveTurn.text })
    await page.picture('turn-opened')
  })

  test('has an address, by which it is found again, however old it is', async () => {
    await open()
    const { tab } = page
    await rows().first().getByRole('button').press('Enter')
    const id = liveTurn.record.turnId
    await expect.poll(() => tab.url()).toBe(`${server.url}/#/turns/${id}`)
    await tab.reload()
    const detail = tab.locator('tr.detail:not([hidden])')
    await detail.locator('.waterfall').waitFor()
    await rows().first().getByRole('button').press('Enter')
    await expect.poll(() => tab.url()).toBe(`${server.url}/#/turns`)

    const oldest = makeTurns(120)
      .map(({ record }) => record)
      .toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1))[0]
    await tab.evaluate(hash => {
      location.hash = hash
    }, `#/turns/${oldest?.turnId}`)
    await tab.locator('.linked .turn-detail').waitFor()
    expect(await rows().count()).toBe(50)
    expect(await accessibilityFaults(tab)).toEqual([])
    await page.picture('turn-addressed')
    await page.close()
    page = await openPage(browser, `${server.url}/#token=${token}`, { expected: /404/ })
    await page.tab.goto(`${server.url}/#/turns/none-such`)
    await expect.poll(status).toContain('There is no such turn')
    expect(await rows().count()).toBe(50)
  })

  test('is deleted only when asked twice', async () => {
    await open()
    await filter('outcome').selectOption('failed')
    await expect.poll(status).toMatch(/^\d+ turns?$/)
    const before = await rows().count()
    await rows().first().click()
    const detail = page.tab.locator('tr.detail:not([hidden])')
    await detail.getByRole('button', { name: 'Delete this turn' }).click()
    await detail.getByRole('button', { name: 'Keep it' }).click()
    expect(await rows().count()).toBe(before)
    await detail.getByRole('button', { name: 'Delete this turn' }).click()
    await page.tab.keyboard.press('Enter')
    await expect.poll(() => rows().count()).toBe(before - 1)
    expect(await status()).toMatch(/^Deleted\./)
  })
})

describe('everybody can use it', () => {
  test.each(['light', 'dark'] as const)('axe finds nothing in the %s', async colorScheme => {
    await open({ colorScheme })
    await rows().nth(1).click()
    await page.tab.getByText('Raw row').click()
    expect(await accessibilityFaults(page.tab)).toEqual([])
    await page.picture(`turns-${colorScheme}`)
  })

  test('it fits a phone', async () => {
    await open({ viewport: { width: 360, height: 740 } })
    await rows().nth(1).click()
    expect(await stickingOut(page.tab)).toEqual([])
    expect(await accessibilityFaults(page.tab)).toEqual([])
    await page.picture('turns-phone')
  })

  test('a record that cannot be read says so, and is tried again', async () => {
    await open({ expected: /500/ })
    const broken = /\/v1\/turns\?/
    await page.tab.route(broken, route =>
      route.fulfill({
        status: 500,
        json: { code: 'internal', detail: 'The record cannot be read.', mend: 'Look at the disk.' },
      }),
    )
    await filter('outcome').selectOption('completed')
    const alert = page.tab.getByRole('alert')
    expect(await alert.innerText()).toContain('The record cannot be read. Look at the disk.')
    await page.tab.unroute(broken)
    await alert.getByRole('button', { name: 'Try again' }).click()
    await page.tab.locator('table.record').waitFor()
  })
})
