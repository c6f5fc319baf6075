import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { accessibilityFaults, stickingOut } from '../../support/browser/accessibility.ts'
import { launchBrowser } from '../../support/browser/chromium.ts'
import { type FakePage, startFakePage } from '../../support/browser/fakePage.ts'
import { type OpenOptions, type OpenPage, openPage } from '../../support/browser/openPage.ts'
import { fakeLanguageModel, fakeSpeechModel } from '../../support/fakes/fakeStages.ts'

const tags = ['q8_0', 'q4_K_M'].map(level => ({
  ...fakeLanguageModel,
  ...{ name: `fake:1b-${level}`, quantization: level.toUpperCase(), digest: level },
}))

let browser: Browser
let server: FakePage
let page: OpenPage
beforeAll(async () => {
  browser = await launchBrowser()
})
beforeEach(async () => {
  server = await startFakePage({
    dependencies: {
      languageModels: async () => tags,
      speechModels: async () => [fakeSpeechModel('q8_0', 43.6e6, true), fakeSpeechModel('q4_0', 26e6, true)],
    },
  })
  server.stages.languageModel = async name => tags.find(tag => tag.name === name) ?? fakeLanguageModel
})
afterEach(async () => {
  await page?.close()
  await server?.stop()
})
afterAll(() => browser?.close())

const view = () => page.tab.locator('.pair-view')
const answers = () => view().locator('.answer')

async function open(options: OpenOptions = {}): Promise<void> {
  page = await openPage(browser, server.url, options)
  await page.tab.goto(`${server.url}/#/two-levels`)
  await view().locator('select[name=compared-answers] option').first().waitFor({ state: 'attached' })
}

async function askBoth(text: string): Promise<void> {
  await view().getByLabel('The question').fill(text)
  await view().getByRole('button', { name: 'Ask both' }).click()
  await answers().nth(1).and(page.tab.locator('[data-state=over]')).waitFor()
  await answers().first().and(page.tab.locator('[data-state=over]')).waitFor()
}

describe('one question to two levels', () => {
  test('that is typed is answered by both, with their waterfalls on one axis and the difference in words', async () => {
    await open()
    await askBoth('What is the time?')
    expect(await answers().locator('.reply').allTextContents()).toEqual([
      'It is ten past nine. Good evening.',
      'It is ten past nine. Good evening.',
    ])
    expect(await answers().locator('.levels b').allTextContents()).toEqual(['q4_K_M', 'q8_0'])
    expect(await answers().locator('.note').allTextContents()).toEqual([
      'Was asked first.',
      'Was asked second.',
    ])
    const axes = await answers().locator('.axis').allTextContents()
    expect(axes[0]).toBe(axes[1])
    expect(await answers().nth(1).locator('.difference').textContent()).toMatch(/^q8_0: .* against q4_K_M/)
    const { items } = (await server.app.inject('/v1/turns')).json()
    expect(items.map(({ pair }: { pair: { askedAs: number } }) => pair.askedAs)).toEqual([2, 1])
    expect(new Set(items.map(({ pair }: { pair: { pairId: string } }) => pair.pairId)).size).toBe(1)
  })

  test('has both waterfalls on one line and in sight, however long an answer is', async () => {
    await open({ viewport: { width: 1280, height: 900 } })
    const respond = server.script.reply
    server.script.reply = Array.from({ length: 400 }, (_, i) => ` word${i}`)
    await askBoth('What takes long to say?')
    server.script.reply = respond
    const boxes = await Promise.all([0, 1].map(i => answers().nth(i).locator('.waterfall').boundingBox()))
    expect(boxes[0]?.y).toBe(boxes[1]?.y)
    expect((boxes[0]?.y ?? 0) + (boxes[0]?.height ?? 0)).toBeLessThan(1000)
    expect(await accessibilityFaults(page.tab)).toEqual([])
    await page.picture('two-levels-long')
  })

  test('that is asked again goes to the other first', async () => {
    await open()
    await askBoth('One?')
    await view().getByLabel('The question').fill('Two?')
    await view().getByRole('button', { name: 'Ask both' }).click()
    await answers().first().getByText('Was asked second.').waitFor()
    expect(await answers().nth(1).locator('.note').textContent()).toBe('Was asked first.')
  })

  test('that is recorded is heard by both speech levels, and either answer can be heard', async () => {
    await open()
    await view().locator('select[name=compared-speech]').selectOption('whisper-tiny.en-q4_0')
    await view().getByRole('button', { name: 'Record it' }).click()
    const stop = view().getByRole('button', { name: 'Stop, and ask' })
    await stop.waitFor()
    // The fake microphone beeps once a second.
    await page.tab.waitForTimeout(2500)
    await stop.click()
    await answers().nth(1).and(page.tab.locator('[data-state=over]')).waitFor()
    const heard = server.calls.filter(call => call.startsWith('recognize'))
    expect(heard.toSorted()).toEqual(['recognize whisper-tiny.en-q4_0', 'recognize whisper-tiny.en-q8_0'])
    expect(await page.tab.evaluate(() => openTracks.every(({ readyState }) => readyState === 'ended'))).toBe(
      true,
    )
    await page.tab.getByRole('link', { name: 'Talk', exact: true }).click()
    await page.tab.getByRole('button', { name: 'Settings' }).click()
    const speakers = page.tab.getByLabel('Loudspeaker')
    await speakers.selectOption({ index: 1 })
    const speaker = await speakers.inputValue()
    await page.tab.getByRole('button', { name: 'Done' }).click()
    await page.tab.getByRole('link', { name: 'A/B' }).click()
    await answers().first().getByRole('button', { name: 'Hear it' }).click()
    await expect
      .poll(() =>
        view()
          .locator('audio')
          .evaluate((element: HTMLAudioElement) => element.sinkId),
      )
      .toBe(speaker)
    await page.tab.waitForFunction(
      () => (document.querySelector<HTMLAudioElement>('.pair-view audio')?.currentTime ?? 0) > 0,
    )
  })

  test('is recorded once, however often the button is pressed, and only while somebody looks', async () => {
    const live = () =>
      page.tab.evaluate(() => openTracks.filter(({ readyState }) => readyState === 'live').length)
    const opened = () => page.tab.evaluate(() => openTracks.length)
    await open()
    await view().getByRole('button', { name: 'Record it' }).dblclick()
    await view().getByRole('button', { name: 'Stop, and ask' }).waitFor()
    expect(await opened()).toBe(1)
    // What is said is the question: another cannot be asked beside it.
    expect(await view().getByRole('button', { name: 'Ask both' }).isEnabled()).toBe(false)
    await page.tab.getByRole('link', { name: 'Turns' }).click()
    await expect.poll(live).toBe(0)

    await page.tab.getByRole('link', { name: 'A/B' }).click()
    await view().getByRole('button', { name: 'Record it' }).waitFor()
    // Gone before the browser has opened it.
    await page.tab.evaluate(() => {
      const record = [...document.querySelectorAll<HTMLElement>('.pair-view button')]
      record.find(({ textContent }) => textContent === 'Record it')?.click()
      location.hash = '#/turns'
    })
    await expect.poll(opened).toBe(2)
    await expect.poll(live).toBe(0)
    await page.tab.getByRole('link', { name: 'A/B' }).click()
    expect(await view().getByRole('button', { name: 'Record it' }).isEnabled()).toBe(true)
    expect(await view().getByRole('button', { name: 'Ask both' }).isEnabled()).toBe(true)
    expect(server.calls).toEqual([])
  })

  test('where both are the same is not asked, and says why', async () => {
    await open()
    await view().locator('select[name=compared-answers]').selectOption('fake:1b-q4_K_M')
    await view().getByLabel('The question').fill('What is the time?')
    await view().getByRole('button', { name: 'Ask both' }).click()
    await view().getByText('Both are the same: choose another level on one side.').waitFor()
    expect(server.calls).toEqual([])
  })

  test('of which one side fails shows the other’s answer, and what mends it', async () => {
    const { languageModel } = server.stages
    server.stages.languageModel = (name, signal) =>
      name === 'fake:1b-q8_0' ? Promise.reject(new Error('broken')) : languageModel(name, signal)
    await open()
    await view().getByLabel('The question').fill('What is the time?')
    await view().getByRole('button', { name: 'Ask both' }).click()
    await answers().nth(1).and(page.tab.locator('[data-state=over]')).waitFor()
    expect(await answers().first().locator('.reply').textContent()).toContain('ten past nine')
    expect(await answers().nth(1).locator('.note').textContent()).not.toBe('')
  })

  test('can be cancelled', async () => {
    server.script.tokenMs = 200
    await open()
    await view().getByLabel('The question').fill('What is the time?')
    await view().getByRole('button', { name: 'Ask both' }).click()
    await view().getByRole('button', { name: 'Cancel' }).click()
    await view().getByText('Cancelled.').waitFor()
    await expect.poll(() => view().getByRole('button', { name: 'Ask both' }).isEnabled()).toBe(true)
  })

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
    ['dark', 360],
  ] as const)('is readable by all, %s, at %i', async (colorScheme, width) => {
    await open({ colorScheme, viewport: { width, height: 740 } })
    await askBoth('What is the time?')
    expect(await accessibilityFaults(page.tab)).toEqual([])
    expect(await stickingOut(page.tab)).toEqual([])
    await page.picture(`two-levels-${colorScheme}-${width}`)
  })
})
