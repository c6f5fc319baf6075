import { beforeEach, describe, expect, test } from 'vitest'
import { createPulls } from '../../../server/engines/pulls.ts'
import type { WakeWordModel } from '../../../server/protocol/models.ts'
import { accessibilityFaults } from '../../support/browser/accessibility.ts'
import type { OpenPage } from '../../support/browser/openPage.ts'
import { useFakePage } from '../../support/browser/useFakePage.ts'

const { open } = useFakePage(
  {
    dependencies: {
      wakeWords: async () => [word],
      checkWakeLicence: () => {},
      wakePulls: createPulls(async () => {
        word = { ...word, installed: true }
      }),
    },
  },
  'azure-weather',
)
let page: OpenPage
let word: WakeWordModel
beforeEach(async () => {
  word = {
    ...{ name: 'hey-jarvis', source: 'catalog', installed: false, sizeBytes: 1_271_370 },
    ...{ licence: 'CC-BY-NC-SA-4.0', licenceUrl: 'https://creativecommons.org/licenses/by-nc-sa/4.0/' },
    licenceMeans: 'It may be used with the name of its author, and not for commercial purposes.',
  }
  page = await open()
})

const mode = (name: string) => page.tab.getByRole('radio', { name })
const licence = () => page.tab.getByRole('dialog', { name: 'Wake it with' })

describe('the wake word', () => {
  test('is waited for once its licence is accepted, and not before', async () => {
    await page.tab.locator('.modes').getByText('Wake word').click()
    expect(await licence().innerText()).toMatch(/CC-BY-NC-SA-4\.0.*not for commercial purposes/s)
    expect(await accessibilityFaults(page.tab)).toEqual([])
    await page.picture('wake-word-licence')
    await licence().getByRole('button', { name: 'Cancel' }).click()
    await expect.poll(() => mode('Hands-free').isChecked()).toBe(true)
    await page.tab.locator('.modes').getByText('Wake word').click()
    await licence().getByRole('button', { name: 'Accept and fetch' }).click()
    await licence().waitFor({ state: 'hidden' })
    await expect.poll(() => mode('Wake word').isChecked()).toBe(true)
    await page.tab.getByRole('button', { name: 'Start talking' }).click()
    await page.becomes('Waiting')
    expect(await page.tab.locator('.hint').textContent()).toBe('Say “Hey Jarvis”, and what you want to know.')
    await page.picture('wake-word')
  })

  test('and how sure it has to be are kept among the settings', async () => {
    word = { ...word, installed: true }
    await page.tab.getByRole('button', { name: 'Settings' }).click()
    const threshold = page.tab.getByRole('slider', { name: 'If it is as sure as' })
    expect(await threshold.getAttribute('aria-valuetext')).toBe('50 %')
    await threshold.fill('70')
    expect(await page.tab.getByRole('combobox', { name: 'Wake it with' }).innerText()).toBe('Hey Jarvis')
    expect(await accessibilityFaults(page.tab)).toEqual([])
    await page.tab.getByRole('button', { name: 'Done' }).click()
    const kept = await page.tab.evaluate(() => localStorage.getItem('quantvox.talk'))
    expect(JSON.parse(kept ?? '{}')).toMatchObject({ wakeThreshold: 0.7 })
  })
})
