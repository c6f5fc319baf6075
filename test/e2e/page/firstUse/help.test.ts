import { beforeEach, expect, test } from 'vitest'
import { accessibilityFaults } from '../../../support/browser/accessibility.ts'
import { info, startFakePage } from '../../../support/browser/fakePage.ts'
import { type OpenPage, openPage } from '../../../support/browser/openPage.ts'
import { useFakePage } from '../../../support/browser/useFakePage.ts'

const { browser, open } = useFakePage()
let page: OpenPage
beforeEach(async () => {
  page = await open()
})

test('"?" opens keys and stages, but not where somebody types it', async () => {
  const { tab } = page
  const input = tab.getByLabel('Type a question')
  await input.focus()
  await tab.keyboard.type('Why?')
  expect(await input.inputValue()).toBe('Why?')
  const help = tab.getByRole('dialog', { name: 'Keys and stages' })
  expect(await help.count()).toBe(0)
  await tab.locator('main').focus()
  await tab.keyboard.press('?')
  await help.waitFor()
  const text = await help.innerText()
  for (const part of ['Esc', 'Prompt evaluation', 'the model reads the prompt']) expect(text).toContain(part)
  expect(await accessibilityFaults(tab)).toEqual([])
  await page.picture('help')
  await tab.keyboard.press('Escape')
  await help.waitFor({ state: 'hidden' })
  await tab.getByRole('button', { name: 'Keys and stages' }).click()
  await help.waitFor()
})

test('a phone is told how it gets here, where the server has an address for it', async () => {
  const { tab } = page
  await tab.getByRole('button', { name: 'Settings' }).click()
  expect(await accessibilityFaults(tab, ['dialog'])).toEqual([])
  await tab.getByRole('button', { name: 'Show QR code' }).click()
  const phone = tab.getByRole('dialog', { name: 'A phone as the microphone' })
  await phone.getByText('npx quantvox serve --lan').waitFor()
  const publicUrl = 'https://192.168.1.5:3000'
  const onLan = await startFakePage({ dependencies: { info: async () => ({ ...info, publicUrl }) } })
  const other = await openPage(browser(), onLan.url)
  await other.tab.getByRole('button', { name: 'Settings' }).click()
  await other.tab.getByRole('button', { name: 'Show QR code' }).click()
  await other.tab.getByRole('img', { name: 'QR code of the address' }).waitFor()
  expect(await accessibilityFaults(other.tab)).toEqual([])
  await other.picture('phone')
  await other.close()
  await onLan.stop()
})
