import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { accessibilityFaults, stickingOut } from '../../../support/browser/accessibility.ts'
import { launchBrowser } from '../../../support/browser/chromium.ts'
import { giveDevices } from '../../../support/browser/devices.ts'
import { type FakePage, startFakePage } from '../../../support/browser/fakePage.ts'
import { type OpenOptions, type OpenPage, openPage } from '../../../support/browser/openPage.ts'
import { spokenWav } from '../../../support/browser/spokenWav.ts'
import { fakeSpeechModel } from '../../../support/fakes/fakeStages.ts'

let browser: Browser
let server: FakePage
let page: OpenPage
let dataDir: string

beforeAll(async () => {
  // Somebody who goes on talking, whenever a recording begins.
  browser = await launchBrowser({ microphone: await spokenWav('azure-weather', 200) })
})
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'quantvox-my-voice-'))
  server = await startFakePage({
    script: { transcript: 'What time does the last rain to Birmingham leave on Thursday?' },
    settings: { DATA_DIR: dataDir },
    dependencies: {
      speechModels: async () => [
        fakeSpeechModel('f16', 77.7e6, false),
        fakeSpeechModel('q8_0', 43.6e6, true),
        { ...fakeSpeechModel('q4_0', 25e6, false), installed: false },
      ],
    },
  })
})
afterEach(async () => {
  await page?.close()
  await server?.stop()
  await rm(dataDir, { recursive: true, force: true })
})
afterAll(() => browser?.close())

async function open(options: OpenOptions = {}): Promise<void> {
  page = await openPage(browser, server.url, options)
  await page.tab.goto(`${server.url}#/my-voice`)
  await page.tab.getByText('What time does the last train').waitFor()
}

const button = (name: RegExp) => page.tab.getByRole('button', { name })

/** Reads the first sentence for two seconds. */
async function record(): Promise<void> {
  await button(/^Record: What time/).click()
  await button(/^Stop: What time/).waitFor()
  await page.tab.waitForTimeout(2_000)
  await button(/^Stop: What time/).click()
  await page.tab.getByText(/^\d+\.\d s recorded$/).waitFor()
}

test('a sentence is read aloud, and each level that is here shows its errors and times; nothing is kept', async () => {
  await open()
  expect(await button(/^Test 2 speech levels$/).isDisabled()).toBe(true)
  await record()
  // The microphone is let go between two recordings.
  expect(await page.tab.evaluate(() => openTracks.filter(track => track.readyState === 'live').length)).toBe(
    0,
  )
  await button(/^Test 2 speech levels$/).click()
  await page.tab.getByText('All levels have heard you.').waitFor()
  const rows = await page.tab.locator('.heard tbody tr').allInnerTexts()
  expect(rows.map(row => row.split(/\s+/)[0])).toEqual(['whisper-tiny.en-f16', 'whisper-tiny.en-q8_0'])
  expect(rows[0]).toMatch(/1 of 11 \(9 %\)\s+[\d.]+ ms/)
  await page.tab.locator('.heard summary').first().click()
  await page.tab.getByText('last rain to Birmingham').first().waitFor()
  await page.picture('my-voice')
  expect(await page.tab.getByRole('checkbox').isChecked()).toBe(false)
  expect(await page.tab.getByText('Nothing of your voice is kept.').isVisible()).toBe(true)
  expect(await readdir(dataDir)).not.toContain('my-voice')
})

test('one sentence is recorded at a time, and only while somebody looks', async () => {
  const live = () =>
    page.tab.evaluate(() => openTracks.filter(({ readyState }) => readyState === 'live').length)
  await open()
  await button(/^Record: /)
    .nth(0)
    .click()
  await button(/^Stop: What time/).waitFor()
  await button(/^Record: /)
    .nth(0)
    .click()
  await page.tab.getByText(/^\d+\.\d s recorded$/).waitFor()
  await expect.poll(() => button(/^Stop: /).count()).toBe(1)
  expect(await live()).toBe(1)
  // Gone before the browser has opened it.
  await page.tab.evaluate(() => {
    const buttons = [...document.querySelectorAll<HTMLElement>('.sentences button')]
    buttons.at(-1)?.click()
    location.hash = '#/turns'
  })
  await expect.poll(() => page.tab.evaluate(() => openTracks.length)).toBe(3)
  await expect.poll(live).toBe(0)
})

test('without a microphone it says so, and what to do, where one looks', async () => {
  await open({ viewport: { width: 360, height: 740 } })
  await page.tab.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('none', 'NotFoundError'))
  })
  await button(/^Record: What time/).click()
  const trouble = page.tab.getByText('This machine has no microphone. Plug one in')
  await trouble.waitFor()
  expect(await trouble.evaluate(one => one.getBoundingClientRect().bottom <= innerHeight)).toBe(true)
})

test('it goes by the microphone of the settings, and says when that is unplugged', async () => {
  page = await openPage(browser, server.url)
  const { tab } = page
  const devices = await giveDevices(tab, ['Headset', 'Built-in'])
  await button(/^Settings$/).click()
  await tab.getByLabel('Microphone', { exact: true }).selectOption('Built-in')
  await button(/^Done$/).click()
  await tab.getByRole('link', { name: 'My voice' }).click()
  await button(/^Record: What time/).click()
  await button(/^Stop: What time/).waitFor()
  expect(await devices.live()).toEqual(['Built-in'])
  await devices.unplug('Built-in')
  await tab.getByText('The microphone was unplugged.').waitFor()
  await button(/^Record: What time/).waitFor()
  expect(await devices.live()).toEqual([])
})

test('what is read aloud is no question: talking is off from then on', async () => {
  page = await openPage(browser, server.url)
  const { tab } = page
  await button(/^Start talking$/).click()
  await page.becomes(/Listening|Hearing/)
  await tab.getByRole('link', { name: 'My voice' }).click()
  await button(/^Record: What time/).click()
  await button(/^Stop: What time/).waitFor()
  await tab.getByText('Talking is turned off while you record.').waitFor()
  await expect.poll(() => tab.locator('.pill').textContent()).toBe('Off')
  expect(await tab.evaluate(() => openTracks.filter(({ readyState }) => readyState === 'live').length)).toBe(
    1,
  )
})

test('with consent recordings are kept, and can be forgotten', async () => {
  await open()
  await record()
  await page.tab.getByRole('checkbox').check()
  await button(/^Test 2/).click()
  await page.tab.getByText('1 recording is kept').waitFor()
  expect(await readdir(join(dataDir, 'my-voice'))).toEqual(['manifest.json', 'train.wav'])
  await page.tab.getByText('All levels have heard you.').waitFor()
  await button(/^Forget them$/).click()
  await page.tab.getByText('Nothing of your voice is kept.').waitFor()
  expect(await readdir(dataDir)).not.toContain('my-voice')
})

test.each(['light', 'dark'] as const)('everybody can use it, on a phone, in the %s', async colorScheme => {
  await open({ colorScheme, viewport: { width: 360, height: 740 } })
  await record()
  await button(/^Test 2/).click()
  await page.tab.getByText('All levels have heard you.').waitFor()
  expect(await accessibilityFaults(page.tab, ['.my-voice'])).toEqual([])
  expect(await stickingOut(page.tab)).toEqual([])
  await page.picture(`my-voice-phone-${colorScheme}`)
})
