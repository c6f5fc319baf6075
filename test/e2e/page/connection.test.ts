import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { launchBrowser } from '../../support/browser/chromium.ts'
import { type FakePage, startFakePage } from '../../support/browser/fakePage.ts'
import { listenTo, type OpenPage, openPage } from '../../support/browser/openPage.ts'
import { spokenWav } from '../../support/browser/spokenWav.ts'

let browser: Browser
let server: FakePage
let page: OpenPage
beforeAll(async () => {
  browser = await launchBrowser({ microphone: await spokenWav('azure-weather') })
})
afterAll(() => browser?.close())
beforeEach(async () => {
  server = await startFakePage({ script: { clauseAudioMs: 6000 } })
  // A server that is away is an error in the browser's log too.
  page = await openPage(browser, server.url, { expected: /WebSocket|ERR_CONNECTION|Failed to load/ })
})
afterEach(async () => {
  await page.close()
  await server.stop()
})

const ask = async (text: string) => {
  await page.tab.getByLabel('Type a question').fill(text)
  await page.tab.keyboard.press('Enter')
}

/** As a crash would: every connection breaks off, nothing is said. */
async function killServer(): Promise<void> {
  for (const socket of server.app.websocketServer.clients) socket.terminate()
  await server.stop()
}

describe('the connection to the server', () => {
  test('a server that dies in the middle of a turn ends it, and the page finds the next one by itself', async () => {
    await page.tab.getByRole('button', { name: 'Start talking' }).click()
    await page.becomes('Speaking')
    await killServer()
    await page.becomes('Reconnecting')
    expect(await page.tab.locator('.hint').textContent()).toMatch(/connection to the server is lost/)
    expect(await page.tab.locator('.turn').last().getAttribute('data-outcome')).toBe('lost')
    await page.picture('reconnecting')
    expect((await listenTo(page.tab, 200)).peak).toBeLessThan(0.01)
    const retry = page.tab.getByRole('button', { name: 'Try now' })
    await retry.waitFor()
    server = await startFakePage({ port: server.port })
    // It is gone where the page has found the server by itself.
    await retry.click({ timeout: 1000 }).catch(() => retry.waitFor({ state: 'hidden' }))
    await page.becomes('Listening')
    await ask('Are you back?')
    await expect
      .poll(() => page.tab.locator('.turn').last().getAttribute('data-outcome'), { timeout: 20_000 })
      .toBe('completed')
  })

  test('a server that is stopped says so, and a page that waits comes back without a hand', async () => {
    await ask('Say something long.')
    await page.becomes('Speaking')
    const stopped = server.stop()
    await page.becomes('Reconnecting')
    await stopped
    server = await startFakePage({ port: server.port })
    await expect.poll(() => page.words(), { timeout: 20_000 }).toContain('Off')
    await expect
      .poll(() => page.tab.locator('.banner[aria-label=Readiness]').isHidden(), { timeout: 10_000 })
      .toBe(true)
    await ask('Are you back?')
    await page.becomes('Speaking')
    // What was said of the stop goes by itself.
    await expect.poll(() => page.tab.locator('.notice').count(), { timeout: 15_000 }).toBe(0)
  })

  test('what is typed while the server is away is not asked in a conversation that begins meanwhile', async () => {
    await ask('Is it dry?')
    await page.becomes('Speaking')
    await killServer()
    await page.becomes('Reconnecting')
    await ask('And tomorrow?')
    await page.tab.locator('.turn').nth(1).waitFor()
    await page.tab.getByRole('button', { name: 'New conversation' }).click()
    server = await startFakePage({ port: server.port })
    await page.becomes('Off', 20_000)
    await ask('Something else?')
    await page.becomes('Speaking')
    expect(server.calls.filter(call => call === 'respond')).toEqual(['respond'])
    expect(server.lastPrompt().at(-1)?.content).toBe('Something else?')
  })

  test('what is typed while the server is away is asked when it is back', async () => {
    await ask('Say something long.')
    await page.becomes('Speaking')
    await killServer()
    await page.becomes('Reconnecting')
    await page.tab.getByRole('heading', { name: 'The server does not answer' }).waitFor()
    await ask('Are you back?')
    // Two tries at least: the word stays, and nothing is told of a model that was not asked yet.
    await expect
      .poll(() => page.tab.locator('.hint').textContent(), { timeout: 20_000 })
      .toMatch(/Trying again in [3-9]/)
    expect((await page.words()).slice(-2)).toEqual(['Speaking', 'Reconnecting'])
    expect(await page.tab.locator('.turn').last().locator('.time-bar').isVisible()).toBe(false)
    server = await startFakePage({ port: server.port, script: { clauseAudioMs: 300 } })
    await expect
      .poll(() => page.tab.locator('.turn').last().getAttribute('data-outcome'), { timeout: 30_000 })
      .toBe('completed')
    expect(server.lastPrompt().at(-1)?.content).toBe('Are you back?')
  })

  test('a connection that is dead is said, left, and made anew, though nothing ended it', async () => {
    await page.tab.getByRole('button', { name: 'Start talking' }).click()
    await page.becomes('Listening')
    // As where a phone left the network: neither side hears of an end.
    for (const socket of server.app.websocketServer.clients) socket.pause()
    await page.becomes('Reconnecting', 45_000)
    expect(await page.words()).not.toContain('No microphone')
    await page.becomes(/Listening|Hearing/, 20_000)
    for (const socket of server.app.websocketServer.clients) socket.resume()
  })

  test('audio that the network does not take does not pile up', async () => {
    const counts = { frames: 0 }
    page.tab.on('websocket', socket =>
      socket.on('framesent', ({ payload }) => {
        if (typeof payload !== 'string') counts.frames++
      }),
    )
    await page.tab.getByRole('button', { name: 'Start talking' }).click()
    await expect.poll(() => counts.frames).toBeGreaterThan(10)
    await page.tab.evaluate(() => {
      Object.defineProperty(WebSocket.prototype, 'bufferedAmount', { get: () => 10 ** 6 })
    })
    await page.tab.waitForTimeout(300)
    const before = counts.frames
    await page.tab.waitForTimeout(500)
    expect(counts.frames).toBe(before)
  })

  test('what is typed before there is a session is asked when there is one', async () => {
    await ask('One.')
    await expect.poll(() => page.tab.locator('.turn .reply').first().textContent()).toContain('ten past nine')
    expect(server.lastPrompt().at(-1)?.content).toBe('One.')
  })

  test('a new conversation forgets the old one', async () => {
    server.script.clauseAudioMs = 100
    await ask('My name is Ada.')
    await expect.poll(() => page.tab.locator('.turn').last().getAttribute('data-outcome')).toBe('completed')
    await ask('Who am I?')
    await expect.poll(() => page.tab.locator('.turn').last().getAttribute('data-outcome')).toBe('completed')
    expect(server.lastPrompt().some(({ content }) => content.includes('Ada'))).toBe(true)
    await page.tab.getByRole('button', { name: 'New conversation' }).click()
    expect(await page.tab.locator('.turn').count()).toBe(0)
    await ask('Who am I?')
    await expect.poll(() => page.tab.locator('.turn').last().getAttribute('data-outcome')).toBe('completed')
    expect(server.lastPrompt().some(({ content }) => content.includes('Ada'))).toBe(false)
  })

  test('a new conversation can be undone, and a double click on "Turn off" begins none', async () => {
    server.script.clauseAudioMs = 100
    await ask('My name is Ada.')
    await expect.poll(() => page.tab.locator('.turn').last().getAttribute('data-outcome')).toBe('completed')
    await page.tab.getByRole('button', { name: 'New conversation' }).click()
    expect(await page.tab.locator('.turn').count()).toBe(0)
    await page.tab.getByRole('button', { name: 'Undo' }).click()
    expect(await page.tab.locator('.turn').count()).toBe(1)
    await ask('Who am I?')
    await expect.poll(() => page.tab.locator('.turn[data-outcome=completed]').count()).toBe(2)
    expect(server.lastPrompt().some(({ content }) => content.includes('Ada'))).toBe(true)
    await page.tab.getByRole('button', { name: 'Start talking' }).click()
    const off = page.tab.getByRole('button', { name: 'Turn off' })
    await off.waitFor()
    // Two clicks at one place, wherever the buttons went between them.
    await page.tab.evaluate(() => {
      for (const name of ['Turn off', 'New conversation'])
        for (const button of document.querySelectorAll('button'))
          if (button.textContent === name) button.click()
    })
    await off.waitFor({ state: 'hidden' })
    expect(await page.tab.locator('.turn').count()).toBe(2)
  })

  test('a reload goes on where it was', async () => {
    server.script.clauseAudioMs = 100
    await ask('My name is Ada.')
    await expect.poll(() => page.tab.locator('.turn').last().getAttribute('data-outcome')).toBe('completed')
    await page.tab.reload()
    await page.tab.getByText('My name is Ada.').waitFor()
    expect(await page.tab.locator('.turn').count()).toBe(1)
    expect(await page.tab.locator('.turn .reply').innerText()).toContain('It is ten past nine. Good evening.')
    await ask('Who am I?')
    await expect.poll(() => page.tab.locator('.turn[data-outcome=completed]').count()).toBe(2)
    expect(server.lastPrompt().some(({ content }) => content.includes('Ada'))).toBe(true)
  })

  test('a question that went with the connection can be asked again', async () => {
    Object.assign(server.script, { firstTokenMs: 60_000 })
    await ask('Are you there?')
    await page.becomes('Thinking')
    await killServer()
    const again = page.tab.getByRole('button', { name: 'Ask this question again' })
    await again.waitFor()
    server = await startFakePage({ port: server.port, script: { clauseAudioMs: 100 } })
    await again.click()
    await expect
      .poll(() => page.tab.locator('.turn').last().getAttribute('data-outcome'), { timeout: 30_000 })
      .toBe('completed')
    expect(server.lastPrompt().at(-1)?.content).toBe('Are you there?')
  })

  test('a reply can be heard again and copied', async () => {
    server.script.clauseAudioMs = 800
    await ask('Once more.')
    await page.tab.getByRole('button', { name: 'Replay the answer' }).click()
    const recording = page.tab.locator('audio[data-plays=recordings]')
    await expect
      .poll(() => recording.evaluate(element => (element as HTMLAudioElement).currentTime))
      .toBeGreaterThan(0.2)
    expect(await recording.evaluate(element => (element as HTMLAudioElement).duration)).toBeCloseTo(1.6, 1)
    await page.tab.getByRole('button', { name: 'Copy the answer' }).click()
    await page.tab.getByText('Copied.').waitFor()
    expect(await page.tab.evaluate(() => navigator.clipboard.readText())).toBe(
      'It is ten past nine. Good evening.',
    )
  })
})
