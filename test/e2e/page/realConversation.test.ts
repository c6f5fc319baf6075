import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { StoredTurn } from '../../../server/protocol/record.ts'
import { levelName } from '../../../server/shared/quantization.ts'
import { launchBrowser } from '../../support/browser/chromium.ts'
import { listenTo, type OpenPage, openPage } from '../../support/browser/openPage.ts'
import { spokenWav } from '../../support/browser/spokenWav.ts'
import { barsOnScreen, visibleMs } from '../../support/browser/waterfallOnScreen.ts'
import { charactersWrong, HEARD_WELL } from '../../support/hearing.ts'
import { type LiveServer, startLiveServer } from '../../support/liveServer.ts'

/** The product whole: `quantvox serve` with its models, a real browser, and a microphone that hears a clip. */

let server: LiveServer
let browser: Browser
let page: OpenPage
beforeAll(async () => {
  server = await startLiveServer({ STOP_SECONDS: '1' })
  browser = await launchBrowser({ microphone: await spokenWav('azure-weather') })
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
})
afterEach(() => page.close())

async function lastRecord(): Promise<StoredTurn> {
  const answer = await fetch(`${server.url}/v1/turns?limit=1`)
  const { items } = (await answer.json()) as { items: StoredTurn[] }
  const [turn] = items
  if (turn === undefined) throw new Error('no turn was recorded')
  return turn
}

describe('the page on real engines', () => {
  test('a person asks aloud, sees the transcript grow, hears the answer, and sees where the time went', async () => {
    page = await openPage(browser, server.url)
    const { tab } = page
    await watchLongTasks()
    // Some of what comes is over soon: a picture in between took as long as a short answer is spoken, and a locator looks twice a second.
    const grown = tab.waitForFunction(
      () => document.querySelector('.time-bar .growing .bar') !== null,
      null,
      {
        timeout: 60_000,
      },
    )
    const pictured = grown.then(() => page.picture('real-waterfall'))
    await tab.getByRole('button', { name: 'Start talking' }).click()
    await page.becomes('Hearing you')
    await page.becomes('Speaking', 60_000)
    const { peak, movedSeconds } = await listenTo(tab, 1000)
    expect(peak).toBeGreaterThan(0.02)
    expect(movedSeconds).toBeGreaterThan(0.5)
    await tab
      .locator('.turn')
      .last()
      .and(tab.locator('[data-outcome=completed]'))
      .waitFor({ timeout: 120_000 })
    await page.becomes('Listening')
    await pictured

    const record = await lastRecord()
    const question = (await tab.locator('.turn .question').last().innerText()).replace(/^You said:\s*/, '')
    expect(charactersWrong("What's the weather like?", question)).toBeLessThan(HEARD_WELL)
    expect(record.transcript).toBe(question.trim())
    expect(await tab.locator('.turn .reply').last().innerText()).toContain(record.reply?.slice(0, 40).trim())
    const { firstAudioMs, playbackStartedMs } = record.fromSpeechEnd
    expect(playbackStartedMs).toBeGreaterThanOrEqual(firstAudioMs ?? Number.POSITIVE_INFINITY)
    expect(await tab.locator('.time-bar').last().innerText()).toContain(
      levelName(record.llm.quantization ?? ''),
    )
    const bars = await barsOnScreen(tab.locator('.waterfall').last())
    expect(Math.abs(visibleMs(bars) - (playbackStartedMs ?? 0))).toBeLessThan(bars.length)
    await page.picture('real-conversation')
    console.log(`long tasks while audio streamed: ${JSON.stringify(await longTasks())} ms`)
  })

  test('another quantization is pulled if need be, its cost is said, and turn and chart bear its label', async () => {
    page = await openPage(browser, server.url)
    const { tab } = page
    const pickers = tab.locator('.model-pickers')
    const ask = async () => {
      const before = await tab.locator('.turn').count()
      await tab.getByLabel('Type a question').fill('Say hello.')
      await tab.keyboard.press('Enter')
      await tab.locator('.turn[data-outcome=completed]').nth(before).waitFor({ timeout: 120_000 })
    }
    const q8 = pickers.getByRole('radio', { name: 'q8_0' }).first()
    await q8.waitFor()
    const pull = pickers.getByRole('button', { name: /^Pull q8_0, smollm2/ })
    if (await pull.isVisible()) await pull.click()
    await expect.poll(() => q8.isEnabled(), { timeout: 240_000 }).toBe(true)
    await ask()
    await q8.check()
    const cost = pickers.locator('.status')
    await expect
      .poll(() => cost.innerText(), { timeout: 60_000 })
      .toMatch(/q8_0 (loaded in [\d.,]+ m?s|was loaded already)/)
    console.log(`switched: ${await cost.innerText()}`)
    await ask()
    const record = await lastRecord()
    expect(record.llm.quantization).toBe('Q8_0')
    const waterfall = tab.locator('.waterfall').last()
    expect(await tab.locator('.time-bar .levels').last().innerText()).toContain('q8_0')
    const bars = await barsOnScreen(waterfall)
    const { playbackStartedMs, firstAudioMs } = record.fromSpeechEnd
    const evaluation = bars.find(({ id }) => id === 'promptEvaluation')?.ms ?? Number.NaN
    expect(Math.abs(evaluation - (record.llm.promptEvalMs ?? Number.NaN))).toBeLessThan(1)
    expect(Math.abs(visibleMs(bars) - (playbackStartedMs ?? firstAudioMs ?? 0))).toBeLessThan(bars.length)
    expect(await tab.locator('.latency-chart tbody').innerText()).toMatch(/q8_0/)
    await page.picture('real-switch')
  })

  test('one question is answered by two levels, with where the time of both went', async () => {
    page = await openPage(browser, server.url)
    const { tab } = page
    await tab.goto(`${server.url}/#/two-levels`)
    const view = tab.locator('.pair-view')
    for (const [name, level] of [
      ['chosen', 'q4_K_M'],
      ['compared', 'q8_0'],
    ] as const) {
      const select = view.locator(`select[name=${name}-answers]`)
      const model = select.locator('option', { hasText: new RegExp(`^smollm2:135m.*-${level}$`) })
      await model.waitFor({ state: 'attached', timeout: 60_000 })
      await select.selectOption(await model.innerText())
    }
    await view.getByLabel('The question').fill('What is the capital of France?')
    await view.getByRole('button', { name: 'Ask both' }).click()
    const answers = view.locator('.answer[data-state=over]')
    await expect.poll(() => answers.count(), { timeout: 240_000 }).toBe(2)
    expect(await answers.locator('.levels b').allTextContents()).toEqual(['q4_K_M', 'q8_0'])
    for (const text of await answers.locator('.reply').allTextContents()) expect(text).not.toBe('')
    expect(await answers.locator('tr[data-bar=promptEvaluation]').count()).toBe(2)
    expect(await answers.locator('.difference').last().innerText()).toMatch(/^q8_0: .* against q4_K_M/)
    await page.picture('real-two-levels')
  })

  test('typed, and switched off in the middle: the server goes down, the page says so', async () => {
    page = await openPage(browser, server.url, { expected: /WebSocket|ERR_CONNECTION|Failed to load/ })
    const { tab } = page
    await tab.getByLabel('Type a question').fill('Tell me a long story about a river.')
    await tab.keyboard.press('Enter')
    await page.becomes('Speaking', 60_000)
    await server.stop()
    await page.becomes('Reconnecting')
    expect(await tab.locator('.turn').last().getAttribute('data-outcome')).not.toBe('open')
  })
})

declare global {
  var longTaskMs: number[]
}

/** Figures for people: on a busy machine nothing follows from them. */
async function watchLongTasks(): Promise<void> {
  await page.tab.evaluate(() => {
    globalThis.longTaskMs = []
    new PerformanceObserver(list =>
      longTaskMs.push(...list.getEntries().map(({ duration }) => duration)),
    ).observe({
      type: 'longtask',
    })
  })
}

const longTasks = () => page.tab.evaluate(() => longTaskMs)
