import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { accessibilityFaults } from '../../support/browser/accessibility.ts'
import { launchBrowser } from '../../support/browser/chromium.ts'
import { type FakePage, startFakePage } from '../../support/browser/fakePage.ts'
import { type OpenPage, openPage } from '../../support/browser/openPage.ts'

let browser: Browser
let server: FakePage
let page: OpenPage
beforeAll(async () => {
  browser = await launchBrowser({})
})
afterAll(() => browser?.close())
beforeEach(async () => {
  server = await startFakePage({ script: { clauseAudioMs: 100 } })
  page = await openPage(browser, server.url)
})
afterEach(async () => {
  await page.close()
  await server.stop()
})

const button = (name: string) => page.tab.getByRole('button', { name, exact: true })
const turns = () => page.tab.locator('.turn')
const names = () => page.tab.locator('.conversations .name').allTextContents()

async function ask(text: string): Promise<void> {
  const before = await turns().count()
  await page.tab.getByLabel('Type a question').fill(text)
  await page.tab.keyboard.press('Enter')
  await turns().nth(before).and(page.tab.locator('[data-outcome=completed]')).waitFor()
}

describe('conversations that are kept', () => {
  test('are listed, named, opened again with their history, and deleted', async () => {
    await ask('My name is Ada.')
    await button('New conversation').click()
    await ask('Is it dry?')
    await button('Conversations').click()
    await expect.poll(names).toEqual(['Is it dry?', 'My name is Ada.'])
    await button('Rename "My name is Ada."').click()
    await page.tab.getByLabel('Name of "My name is Ada."').fill('About me')
    await page.tab.keyboard.press('Enter')
    await expect.poll(names).toEqual(['Is it dry?', 'About me'])
    await page.picture('conversations')
    expect(await accessibilityFaults(page.tab, ['.conversations'])).toEqual([])

    await button('About me').click()
    await expect.poll(() => turns().allTextContents()).toEqual([expect.stringContaining('My name is Ada.')])
    await ask('Who am I?')
    expect(server.lastPrompt().map(({ content }) => content)).toContain('My name is Ada.')
    expect(server.lastPrompt().map(({ content }) => content)).not.toContain('Is it dry?')

    // Back to the other one, which this page had shown as well.
    await button('Conversations').click()
    await expect.poll(names).toEqual(['About me', 'Is it dry?'])
    await button('Is it dry?').click()
    await expect.poll(() => turns().allTextContents()).toEqual([expect.stringContaining('Is it dry?')])

    await button('Conversations').click()
    await button('Delete "Is it dry?"').click()
    await button('Keep it').click()
    await button('Delete "Is it dry?"').click()
    await button('Delete its turns').click()
    await expect.poll(names).toEqual(['About me'])
    await button('Done').click()
    expect(await turns().count()).toBe(0)
    const { items } = await server.stages.store.list({}, 9)
    expect(items.map(({ transcript }) => transcript)).toEqual(['Who am I?', 'My name is Ada.'])
  })

  test('are each listed once and deleted once, though a button is pressed twice', async () => {
    for (let i = 0; i < 120; i++)
      await server.app.inject({
        ...{ method: 'POST', url: '/v1/turns' },
        payload: { text: `Question ${i}?`, voice: 'none', conversationId: `conversation-${i}` },
      })
    await button('Conversations').click()
    await button('Show older ones').dblclick()
    await expect.poll(async () => (await names()).length).toBe(100)
    await button('Show older ones').click()
    await expect.poll(async () => (await names()).length).toBe(120)
    expect(new Set(await names()).size).toBe(120)

    await button('Delete "Question 3?"').click()
    await button('Delete its turns').dblclick()
    await expect.poll(async () => (await names()).length).toBe(119)
    expect(await page.tab.locator('.conversations').isVisible()).toBe(true)
    expect(await page.tab.locator('.notice').count()).toBe(0)
  })

  test('show the last turns of a long one, say how many came before, and give those', async () => {
    for (let i = 1; i <= 107; i++)
      await server.app.inject({
        ...{ method: 'POST', url: '/v1/turns' },
        payload: { text: `Question ${i}?`, voice: 'none', conversationId: 'a-long-one' },
      })
    const numbers = async () =>
      (await page.tab.locator('.question').allTextContents()).map(text => Number(/\d+/.exec(text)?.[0]))
    const from = (first: number) => Array.from({ length: 108 - first }, (_, i) => first + i)
    const oldest = () =>
      page.tab.getByText('Question 58?').evaluate(element => Math.round(element.getBoundingClientRect().top))

    await button('Conversations').click()
    await button('Question 1?').click()
    await expect.poll(numbers).toEqual(from(58))
    await button('Show 50 of 57 earlier turns').scrollIntoViewIfNeeded()
    expect(await accessibilityFaults(page.tab)).toEqual([])
    await page.picture('earlier-turns')
    const place = await oldest()
    await button('Show 50 of 57 earlier turns').press('Enter')
    await expect.poll(numbers).toEqual(from(8))
    // Whoever reads stays where that was.
    expect(Math.abs((await oldest()) - place)).toBeLessThan(5)
    expect(await page.tab.locator('.waterfall:visible').count()).toBe(1)
    await button('Show 7 earlier turns').click()
    await expect.poll(numbers).toEqual(from(1))
    await expect.poll(() => page.tab.getByRole('button', { name: /earlier turn/ }).count()).toBe(0)
    expect(
      await page.tab
        .locator('.turn')
        .first()
        .evaluate(turn => turn === document.activeElement),
    ).toBe(true)

    // It belongs to the one that is shown.
    await page.tab.reload()
    await button('Show 50 of 57 earlier turns').waitFor()
    await button('New conversation').click()
    expect(await page.tab.getByRole('button', { name: /earlier turn/ }).count()).toBe(0)
    await button('Undo').click()
    await button('Show 50 of 57 earlier turns').waitFor()
  })

  test('show a turn that went on out of sight as it ended', async () => {
    server.script.tokenMs = 200
    await page.tab.getByLabel('Type a question').fill('Is it late?')
    await page.tab.keyboard.press('Enter')
    await turns().getByText('It is').waitFor()
    await button('New conversation').click()
    await expect
      .poll(async () => (await server.stages.store.list({}, 1)).items[0]?.outcome)
      .toBe('interrupted')
    await button('Undo').click()
    await turns().getByText('Stopped').waitFor()
    expect(await turns().getAttribute('data-outcome')).toBe('interrupted')
  })

  test('are none where the record has no words of them', async () => {
    await button('Conversations').click()
    await page.tab.getByText('where SAVE_TEXT is off, none is').waitFor()
    await page.tab.keyboard.press('Escape')
    await expect.poll(() => page.tab.locator('dialog[open]').count()).toBe(0)
  })
})
