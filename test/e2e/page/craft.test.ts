import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensurePage } from '../../../scripts/page/build.ts'
import { accessibilityFaults, stickingOut } from '../../support/browser/accessibility.ts'
import { launchBrowser } from '../../support/browser/chromium.ts'
import { type FakePage, startFakePage } from '../../support/browser/fakePage.ts'
import { type OpenPage, openPage } from '../../support/browser/openPage.ts'

/** The whole page with what it fetches at first, compressed. */
const MAX_INITIAL_BYTES = 100_000

let browser: Browser
let server: FakePage
beforeAll(async () => {
  browser = await launchBrowser()
  server = await startFakePage({ script: { clauseAudioMs: 300 } })
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

async function converse({ tab }: OpenPage): Promise<void> {
  await tab.getByLabel('Type a question').fill('What is the time?')
  await tab.keyboard.press('Enter')
  await expect
    .poll(() => tab.locator('.turn').last().getAttribute('data-outcome'), { timeout: 10_000 })
    .toBe('completed')
}

/** The lab is no part of the scripted server. */
const expected = /404/
const places = ['two-levels', 'my-voice', 'turns', 'comparisons'] as const
const devices = {
  desktop: {},
  phone: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
}

describe('craft', () => {
  test('what is fetched at first is at most 100 kB, compressed', async () => {
    const folder = await ensurePage(() => {})
    const html = await readFile(join(folder, 'index.html'), 'utf8')
    const files = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(match => match[1] ?? '')
    const sizes = await Promise.all(
      ['index.html', ...files].map(async file => (await readFile(join(folder, `${file}.gz`))).length),
    )
    const bytes = sizes.reduce((sum, size) => sum + size, 0)
    console.log(`initial download: ${bytes} bytes in ${sizes.length} files`)
    expect(bytes).toBeLessThanOrEqual(MAX_INITIAL_BYTES)
    const all = await readdir(join(folder, 'assets'))
    expect(all.some(name => /captureWorklet-.*\.js$/.test(name))).toBe(true)
  })

  for (const colorScheme of ['light', 'dark'] as const)
    for (const [device, options] of Object.entries(devices)) {
      test(`axe finds nothing and nothing sticks out in ${colorScheme} on a ${device}, in any place or dialog`, async () => {
        const page = await openPage(browser, server.url, { ...options, colorScheme, expected })
        const { tab } = page
        const look = async (name: string) => {
          expect(await accessibilityFaults(tab), name).toEqual([])
          expect(await stickingOut(tab), name).toEqual([])
          await page.picture(`${name}-${device}-${colorScheme}`)
        }
        await look('off')
        await converse(page)
        await look('conversation')
        for (const name of ['Settings', 'Conversations']) {
          const more = tab.getByRole('button', { name: 'More' })
          if (await more.isVisible()) await more.click()
          await tab.getByRole('button', { name, exact: true }).click()
          await tab.locator('dialog[open]').waitFor()
          await look(name.toLowerCase())
          await tab.keyboard.press('Escape')
        }
        await tab.getByRole('button', { name: 'Keys and stages' }).click()
        await tab.locator('dialog.help[open]').waitFor()
        await look('help')
        await tab.keyboard.press('Escape')
        for (const place of places) {
          await tab.goto(`${server.url}/#/${place}`)
          await tab.locator('main h1').waitFor({ state: 'attached' })
          await tab.waitForTimeout(300)
          await look(place)
        }
        await page.close()
      })
    }

  // 320 × 256 is a window of 1280 × 1024 at 400 % (WCAG 1.4.10).
  for (const [width, height] of [
    [320, 256],
    [280, 653],
  ] as const) {
    test(`at ${width} × ${height} nothing sticks out, and every place is reached`, async () => {
      const page = await openPage(browser, server.url, { viewport: { width, height }, expected })
      const { tab } = page
      const look = async (name: string) => {
        await page.picture(`${name}-${width}`)
        expect(await stickingOut(tab), name).toEqual([])
      }
      await look('off')
      await converse(page)
      await look('conversation')
      await tab.getByRole('button', { name: 'More' }).click()
      await look('more')
      await tab.getByRole('button', { name: 'Settings', exact: true }).click()
      await tab.locator('dialog[open]').waitFor()
      await look('settings')
      await tab.keyboard.press('Escape')
      for (const [link, title] of [
        ['A/B', 'Ask two levels at once'],
        ['My voice', 'Test on my voice'],
        ['Turns', 'Turns'],
        ['Comparisons', 'Comparisons'],
        ['Talk', 'Talk'],
      ] as const) {
        await tab.getByRole('link', { name: link, exact: true }).click()
        await tab.getByRole('heading', { name: title, level: 1 }).waitFor({ state: 'attached' })
        await look(link.replace('/', ''))
      }
      await page.close()
    })
  }

  test('what its colour alone shows is there in forced colours and on paper, too', async () => {
    const page = await openPage(browser, server.url, { forcedColors: 'active' })
    const { tab } = page
    await converse(page)
    await page.picture('forced-colours')
    const grounds = await tab.evaluate(() => {
      const ground = (selector: string) => {
        const element = document.querySelector(selector)
        if (element === null) throw new Error(`no ${selector}`)
        return getComputedStyle(element).backgroundColor
      }
      return ['body', '.time-bar .bar.llm', '.time-bar .bar.voice', '.waterfall .bar.llm'].map(ground)
    })
    expect(new Set(grounds).size).toBe(3)
    const decoration = (link: string) =>
      tab
        .getByRole('link', { name: link, exact: true })
        .evaluate(one => getComputedStyle(one).textDecorationLine)
    expect(await decoration('Talk')).toBe('underline')
    expect(await decoration('Turns')).toBe('none')
    await tab.emulateMedia({ forcedColors: 'none', media: 'print' })
    const bar = tab.locator('.time-bar .bar').first()
    expect(await bar.evaluate(one => getComputedStyle(one).printColorAdjust)).toBe('exact')
    // Paper has nothing to press.
    expect(await tab.locator('.dock, .turn .actions, .places').filter({ visible: true }).count()).toBe(0)
    await page.close()
  })

  test('everything works by keyboard, and the focus is always to be seen', async () => {
    const page = await openPage(browser, server.url)
    const { tab } = page
    await tab.locator('.chip', { hasText: 'q8_0' }).waitFor()
    const reached: string[] = []
    for (let i = 0; i < 14; i++) {
      await tab.keyboard.press('Tab')
      reached.push(
        await tab.evaluate(() => {
          const focused = document.activeElement
          if (!(focused instanceof HTMLElement)) return 'nothing'
          const label = focused.closest('label')?.textContent
          const ring = focused.matches('input[type=radio]') ? focused.nextElementSibling : focused
          const { outlineStyle } = getComputedStyle(ring ?? focused)
          return `${outlineStyle === 'none' ? 'unseen ' : ''}${label ?? focused.ariaLabel ?? focused.textContent}`
        }),
      )
      if (reached.at(-1) === 'Settings') break
    }
    expect(reached.slice(0, 13)).toEqual([
      'To the content',
      'Quantvox',
      'Talk',
      'A/B',
      'My voice',
      'Turns',
      'Comparisons',
      'Keys and stages',
      'Start talking',
      'Type a question',
      'Send',
      'Levels: answers q4_K_M, speech q8_0',
      'Hands-free',
    ])
    expect(reached.filter(name => name.startsWith('unseen'))).toEqual([])
    await tab.getByRole('link', { name: 'Turns' }).click()
    await tab.getByRole('heading', { name: 'Turns', level: 1 }).waitFor()
    const skip = tab.getByRole('link', { name: 'To the content' })
    await skip.focus()
    await tab.keyboard.press('Enter')
    expect(await tab.evaluate(() => document.activeElement?.id)).toBe('main')
    expect(new URL(tab.url()).hash).toBe('#/turns')
    await tab.keyboard.press('Tab')
    expect(await tab.evaluate(() => document.activeElement?.textContent)).toBe('Export CSV')
    await tab.getByRole('link', { name: 'Talk', exact: true }).click()
    await tab.getByRole('button', { name: 'Settings' }).focus()
    await tab.keyboard.press('Enter')
    await tab.getByRole('dialog').waitFor()
    await tab.keyboard.press('Escape')
    await tab.getByRole('dialog').waitFor({ state: 'hidden' })
    await tab.getByRole('link', { name: 'Turns' }).focus()
    await tab.keyboard.press('Enter')
    await tab.getByRole('heading', { name: 'Turns', level: 1 }).waitFor()
    await tab.goBack()
    await tab.getByLabel('Type a question').focus()
    await tab.keyboard.type('What is the time?')
    await tab.keyboard.press('Enter')
    await page.becomes('Speaking')
    await page.close()
  })

  test('the focus stays where one talks, and keys of an input method are none of the page', async () => {
    const page = await openPage(browser, server.url)
    const { tab } = page
    const big = tab.locator('.big')
    const press = async (name: string) => {
      await tab.getByRole('button', { name }).focus()
      await tab.keyboard.press('Enter')
    }
    const isFocused = () => big.evaluate(button => button === document.activeElement)
    await press('Start talking')
    await page.becomes(/Listening|Hearing/)
    const description = await big.evaluate(
      button => document.getElementById(button.getAttribute('aria-describedby') ?? '')?.textContent,
    )
    expect(description).toBe(await tab.locator('.hint').textContent())
    await press('Turn off')
    await page.becomes('Off')
    await expect.poll(isFocused).toBe(true)
    await converse(page)
    const input = tab.getByLabel('Type a question')
    await input.fill('今何時ですか')
    await tab.keyboard.press('Enter')
    await page.becomes('Speaking')
    await input.dispatchEvent('keydown', { key: 'Escape', isComposing: true })
    await expect
      .poll(() => tab.locator('.turn').last().getAttribute('data-outcome'), { timeout: 10_000 })
      .toBe('completed')
    await press('New conversation')
    await tab.getByText('A new conversation.').waitFor()
    await expect.poll(isFocused).toBe(true)
    await page.close()
  })

  test('screen readers are told whole sentences, once', async () => {
    const page = await openPage(browser, server.url)
    await page.tab.evaluate(() => {
      const told: string[] = []
      Object.assign(globalThis, { told })
      const captions = document.querySelector('.conversation [aria-live]')
      if (captions === null) throw new Error('no captions')
      new MutationObserver(() => told.push(captions.textContent ?? '')).observe(captions, { childList: true })
    })
    await converse(page)
    expect(await page.tab.evaluate(() => (globalThis as unknown as { told: string[] }).told)).toEqual([
      'The answer: It is ten past nine. Good evening.',
    ])
    await page.close()
  })
})
