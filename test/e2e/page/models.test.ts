import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import type { LanguageModel } from '../../../server/protocol/models.ts'
import { accessibilityFaults, stickingOut } from '../../support/browser/accessibility.ts'
import { launchBrowser } from '../../support/browser/chromium.ts'
import { type FakePage, startFakePage } from '../../support/browser/fakePage.ts'
import { type OpenOptions, type OpenPage, openPage } from '../../support/browser/openPage.ts'
import { fakeLanguageModel, fakeSpeechModel } from '../../support/fakes/fakeStages.ts'
import { type HeldDownload, heldDownload } from '../../support/setup/heldDownload.ts'

const tag = (level: string, change: Partial<LanguageModel> = {}): LanguageModel => ({
  ...fakeLanguageModel,
  name: `fake:1b-${level}`,
  quantization: level.toUpperCase(),
  ...{ loaded: false, residentBytes: null, gpuShare: null },
  ...change,
})
const missing = { installed: false, sizeBytes: null, quantization: null, parameterSize: null }

let browser: Browser
let server: FakePage
let page: OpenPage
const progress = (completedBytes: number) => ({ status: 'downloading', completedBytes, totalBytes: 145e6 })

let download: HeldDownload
let tags: LanguageModel[]
let removed: string[]
let refusal: QuantvoxError | null

beforeAll(async () => {
  browser = await launchBrowser()
})
beforeEach(async () => {
  download = heldDownload()
  removed = []
  refusal = null
  tags = [
    tag('q8_0', { sizeBytes: 1_300_000_000 }),
    tag('q4_K_M', { loaded: true, residentBytes: 800e6, gpuShare: 0.4 }),
    tag('q4_K_S', missing),
  ]
  server = await startFakePage({
    dependencies: {
      languageModels: async () => tags,
      speechModels: async () => [
        fakeSpeechModel('f16', 77.7e6, false),
        fakeSpeechModel('q8_0', 43.6e6, true),
      ],
      languagePulls: download.pulls,
      async removeLanguageModel(name) {
        if (refusal !== null) throw refusal
        removed.push(name)
        tags = tags.map(known => (known.name === name ? { ...known, installed: false } : known))
      },
    },
  })
  server.stages.languageModel = async name => tags.find(tag => tag.name === name) ?? fakeLanguageModel
})
afterEach(async () => {
  await page?.close()
  await server?.stop()
})
afterAll(() => browser?.close())

const pickers = () => page.tab.locator('.model-pickers')
const status = () => pickers().locator('.status')

async function open(options: OpenOptions = {}): Promise<void> {
  page = await openPage(browser, server.url, options)
  // On a phone they are a sheet that is not open yet.
  await pickers().locator('input[value="fake:1b-q4_K_M"]').waitFor({ state: 'attached' })
}

async function ask(text: string): Promise<void> {
  const before = await page.tab.locator('.turn').count()
  await page.tab.getByLabel('Type a question').fill(text)
  await page.tab.keyboard.press('Enter')
  await page.tab.locator('.turn[data-outcome=completed]').nth(before).waitFor()
}

/** Whether canvases have any pixel; runs in the page. */
function areDrawn(canvases: Element[]): boolean[] {
  return (canvases as HTMLCanvasElement[]).map(canvas => {
    const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data
    return pixels?.some(value => value !== 0) ?? false
  })
}

describe('the pickers', () => {
  test('say of each level what it takes, before there is a session', async () => {
    await open()
    expect(await pickers().getByRole('radio', { name: 'q4_K_M' }).isChecked()).toBe(true)
    const row = (name: string) =>
      pickers()
        .getByRole('row')
        .filter({ has: page.tab.getByRole('radio', { name }) })
    expect(await row('q4_K_M').innerText()).toMatch(/700 MB\s+800 MB\s+40 %/)
    expect(await pickers().getByRole('radio', { name: 'q4_K_S' }).isDisabled()).toBe(true)
    expect(await row('f16').innerText()).toMatch(/78 MB\s+not loaded/)
    const voices = await pickers().getByLabel('Voice').innerText()
    expect(voices).toContain("This browser's own voice")
    expect(voices).toContain('flite:slt')
  })

  test('switch the tag by keyboard: its cost is said, and the next turn bears its label', async () => {
    await open()
    await ask('Who are you?')
    expect(await page.tab.locator('.time-bar .levels').last().innerText()).toContain('q4_K_M')
    await pickers().getByRole('radio', { name: 'q4_K_M' }).focus()
    await page.tab.keyboard.press('ArrowUp')
    await expect.poll(() => status().innerText()).toMatch(/^fake:1b-q8_0 loaded in [\d.]+ ms/)
    expect(await pickers().getByRole('radio', { name: 'q8_0' }).first().isChecked()).toBe(true)
    await ask('And now?')
    const { items } = await fetch(`${server.url}/v1/turns?limit=1`).then(response => response.json())
    expect(items[0].llm.model).toBe('fake:1b-q8_0')
    expect(await page.tab.locator('.time-bar .levels').last().innerText()).toContain('q8_0')
    await expect.poll(() => page.tab.locator('.latency-chart tbody tr').count()).toBe(2)
    expect(await page.tab.locator('.latency-chart tbody').innerText()).toContain('fake:1b-q8_0')
    // One for each moment, each with something on it.
    expect(await page.tab.locator('.latency-chart canvas').evaluateAll(areDrawn)).toEqual([true, true])
    await page.picture('switched')
  })

  test('the chart is drawn in a browser whose language is none, as under the POSIX locale', async () => {
    await open()
    await page.tab.addInitScript(() => {
      Object.defineProperty(navigator, 'language', { value: 'en-US@posix', configurable: true })
    })
    await page.tab.reload()
    await ask('Who are you?')
    await expect
      .poll(() => page.tab.locator('.latency-chart canvas').evaluateAll(areDrawn))
      .toEqual([true, true])
  })

  test('a switch that fails says why, and shows what is in use', async () => {
    await open()
    await ask('Who are you?')
    server.stages.languageModel = async name => {
      throw new QuantvoxError('engine_failed', `Ollama could not load ${name}.`, {
        mend: 'Free some memory.',
      })
    }
    await pickers().getByRole('radio', { name: 'q8_0' }).first().check()
    await expect
      .poll(() => status().innerText())
      .toBe('Ollama could not load fake:1b-q8_0. Free some memory.')
    expect(await pickers().getByRole('radio', { name: 'q4_K_M' }).isChecked()).toBe(true)
  })
})

describe('a pull', () => {
  const bar = () => pickers().getByRole('progressbar')
  const begin = () => pickers().getByRole('button', { name: 'Pull q4_K_S, fake:1b-q4_K_S' }).click()

  test('shows real progress, and the level can be chosen when it is here', async () => {
    await open()
    await begin()
    expect(await bar().getAttribute('value')).toBeNull()
    await expect.poll(download.begun).toBe(1)
    for (const [completed, text] of [
      [14_500_000, '10 %, 15 MB of 145 MB, downloading'],
      [116_000_000, '80 %, 116 MB of 145 MB, downloading'],
    ] as const) {
      download.report(progress(completed))
      await pickers().getByText(text).waitFor()
      expect(Number(await bar().getAttribute('value'))).toBeCloseTo(completed / 145e6, 5)
    }
    await page.picture('pulling')
    tags = [...tags.slice(0, 2), tag('q4_K_S', { sizeBytes: 145e6 })]
    download.finish()
    await expect.poll(() => status().innerText()).toBe('fake:1b-q4_K_S is here.')
    await expect.poll(() => pickers().getByRole('radio', { name: 'q4_K_S' }).isEnabled()).toBe(true)
  })

  test('is joined by a page that comes later', async () => {
    await open()
    await begin()
    await expect.poll(download.begun).toBe(1)
    download.report(progress(72_500_000))
    await pickers().getByText('50 %').waitFor()
    await page.tab.reload()
    await begin()
    await pickers().getByText('50 %, 73 MB of 145 MB').waitFor()
    expect(download.begun()).toBe(1)
    download.finish()
    await expect.poll(() => status().innerText()).toBe('fake:1b-q4_K_S is here.')
  })

  test('can be cancelled, and begun again', async () => {
    await open()
    await begin()
    await expect.poll(download.begun).toBe(1)
    download.report(progress(14_500_000))
    await pickers().getByRole('button', { name: 'Cancel q4_K_S, fake:1b-q4_K_S' }).click()
    await expect
      .poll(() => status().innerText())
      .toBe('fake:1b-q4_K_S is not fetched any more; what came is kept.')
    expect(download.pulls.running()).toEqual([])
    await begin()
    await expect.poll(download.begun).toBe(2)
    download.finish()
    await expect.poll(() => status().innerText()).toBe('fake:1b-q4_K_S is here.')
  })

  test('that fails says what mends it, and can be tried again', async () => {
    await open()
    await begin()
    await expect.poll(download.begun).toBe(1)
    download.finish(new QuantvoxError('engine_failed', 'The disk is full.', { mend: 'Free 145 MB.' }))
    await pickers().getByText('The disk is full. Free 145 MB.').waitFor()
    await pickers()
      .getByRole('button', { name: /^Try again q4_K_S/ })
      .click()
    await expect.poll(download.begun).toBe(2)
  })
})

describe('a removal', () => {
  const levels = () => pickers().locator('table.levels').first().locator('tbody th').allInnerTexts()
  const removing = () => pickers().getByRole('button', { name: 'Remove q8_0, fake:1b-q8_0' })

  test('is asked about, and rows stay where they are', async () => {
    tags = [tags[0], tags[1], tag('q4_K_S', { ...missing, sizeBytes: 650e6 })].filter(
      known => known !== undefined,
    )
    await open()
    const before = await levels()
    await removing().click()
    await pickers().getByText('Remove q8_0 from the disk? That frees 1.3 GB.').waitFor()
    await page.tab.keyboard.press('Enter')
    // The question stands on what keeps it.
    expect(removed).toEqual([])
    await removing().click()
    await page.picture('removing')
    // However often it is pressed.
    await pickers().getByRole('button', { name: 'Remove it' }).dblclick()
    await expect.poll(() => status().innerText()).toBe('fake:1b-q8_0 is removed.')
    expect(removed).toEqual(['fake:1b-q8_0'])
    await pickers().getByRole('button', { name: 'Pull q8_0, fake:1b-q8_0' }).waitFor()
    expect(await levels()).toEqual(before)
    expect(await pickers().getByRole('radio', { name: 'q4_K_M' }).isChecked()).toBe(true)
  })

  test('is not offered of what is in use, and a refusal is said with its mend', async () => {
    await open({ expected: /409/ })
    expect(
      await pickers()
        .getByRole('button', { name: /^Remove q4_K_M/ })
        .count(),
    ).toBe(0)
    refusal = new QuantvoxError('invalid_state', 'It is loaded.', { mend: 'Choose another.' })
    await removing().click()
    await pickers().getByRole('button', { name: 'Remove it' }).click()
    await expect.poll(() => status().innerText()).toBe('It is loaded. Choose another.')
    await removing().waitFor()
  })
})

describe('everybody can use it', () => {
  test.each(['light', 'dark'] as const)(
    'axe finds nothing in the %s, with chart and waterfall',
    async colorScheme => {
      await open({ colorScheme })
      await ask('Who are you?')
      const own = ['.model-pickers', '.latency-chart', '.waterfall', '.time-bar']
      expect(await accessibilityFaults(page.tab, own)).toEqual([])
      await page.picture(`talk-${colorScheme}`)
    },
  )

  test('it fits a phone', async () => {
    await open({ viewport: { width: 360, height: 740 } })
    await ask('Who are you?')
    expect(await stickingOut(page.tab)).toEqual([])
  })
})
