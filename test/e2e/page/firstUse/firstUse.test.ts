import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Readiness } from '../../../../server/protocol/info.ts'
import { launchBrowser } from '../../../support/browser/chromium.ts'
import {
  type FakePage,
  type FakePageOptions,
  info,
  startFakePage,
} from '../../../support/browser/fakePage.ts'
import { type OpenOptions, type OpenPage, openPage } from '../../../support/browser/openPage.ts'

const HOST_NAME = 'quantvox.test'
const TOKEN = 'a-token-of-sixteen'
/** The browser logs a refused request by itself. */
const refused = { expected: /401|503|Failed to load/ }

let browser: Browser
let server: FakePage | undefined
let page: OpenPage | undefined
beforeAll(async () => {
  browser = await launchBrowser({ allowsMicrophone: false, hostNames: [HOST_NAME] })
})
afterAll(() => browser?.close())
afterEach(async () => {
  await page?.close()
  await server?.stop()
  page = undefined
  server = undefined
})

async function open(options: FakePageOptions, path = '/', openOptions: OpenOptions = {}) {
  server = await startFakePage(options)
  page = await openPage(browser, `${server.url}${path}`, openOptions)
  return { ...page, server }
}

describe('first use', () => {
  test('the token of the start line is taken, and gone from the address', async () => {
    const { tab, becomes } = await open({ settings: { AUTH_TOKEN: TOKEN } }, `/#token=${TOKEN}`)
    expect(tab.url()).not.toContain('token')
    await tab.getByLabel('Type a question').fill('Hello?')
    await tab.keyboard.press('Enter')
    await becomes('Speaking')
    await tab.reload()
    await tab.locator('.word').waitFor()
    expect(await tab.locator('dialog[open]').count()).toBe(0)
    const other = await tab.context().newPage()
    await other.goto(server?.url ?? '')
    await other.locator('.word').waitFor()
    expect(await other.locator('dialog[open]').count()).toBe(0)
  })

  test('a browser that refuses to keep anything shows the page all the same', async () => {
    const { tab, becomes } = await open({})
    await tab.addInitScript(() => {
      for (const name of ['localStorage', 'sessionStorage'])
        Object.defineProperty(globalThis, name, {
          get() {
            throw new DOMException('The operation is insecure.', 'SecurityError')
          },
        })
    })
    await tab.reload()
    await tab.locator('.modes').getByText('Push-to-talk').click()
    await tab.getByLabel('Type a question').fill('Hello?')
    await tab.keyboard.press('Enter')
    await becomes('Speaking')
    await tab.getByRole('button', { name: 'New conversation' }).click()
    await tab.getByRole('button', { name: 'Undo' }).click()
  })

  test('a missing token is asked for, a wrong one again', async () => {
    const { tab, becomes, picture } = await open({ settings: { AUTH_TOKEN: TOKEN } }, '/', refused)
    await tab.getByLabel('Token', { exact: true }).fill('not-the-token-at-all')
    await picture('token')
    await tab.keyboard.press('Enter')
    await tab.getByText('That token is wrong.').waitFor()
    await tab.getByLabel('Token', { exact: true }).fill(TOKEN)
    await tab.keyboard.press('Enter')
    await tab.locator('dialog[open]').waitFor({ state: 'detached' })
    await tab.getByLabel('Type a question').fill('Hello?')
    await tab.keyboard.press('Enter')
    await becomes('Speaking')
  })

  test('a server that still gets ready says what is missing and what is done about it, until it is ready', async () => {
    let state: Readiness = {
      ready: false,
      notReady: [
        { what: 'language model', why: 'It is being fetched, loaded and warmed.' },
        { what: 'ollama', why: 'It does not answer.', mend: 'Start it, or unset OLLAMA_HOST.' },
      ],
    }
    const dependencies = { readiness: async () => state, info: async () => info }
    const { tab, picture } = await open({ dependencies }, '/', refused)
    const banner = tab.getByRole('region', { name: 'Readiness' })
    await banner.waitFor()
    const text = await banner.innerText()
    for (const part of [
      'language model',
      'being fetched',
      'ollama',
      'unset OLLAMA_HOST',
      'ollama 0.17.4: ready',
    ])
      expect(text).toContain(part)
    await picture('not-ready')
    state = { ready: true, notReady: [] }
    await banner.waitFor({ state: 'hidden', timeout: 5000 })
  })

  test('a record that takes no rows is said', async () => {
    const record = {
      state: 'not-recording' as const,
      detail: 'The disk is full.',
      unwritten: 3,
      spooled: null,
    }
    const { tab } = await open({ dependencies: { info: async () => ({ ...info, record }) } })
    const banner = tab.getByRole('region', { name: 'Readiness' })
    await banner.waitFor()
    expect(await banner.innerText()).toMatch(/not recorded\s+The disk is full\. 3 wait/)
  })

  test('a refused microphone is explained, and typing works', async () => {
    const { tab, becomes, picture } = await open({})
    await tab.getByRole('button', { name: 'Start talking' }).click()
    await becomes('No microphone')
    expect(await tab.locator('.hint').textContent()).toMatch(
      /does not let this page use the microphone.*Typed/,
    )
    await picture('refused')
    await tab.getByLabel('Type a question').fill('Hello?')
    await tab.keyboard.press('Enter')
    await becomes('Speaking')
  })

  test('an address that is not secure is explained with what works, and typing works', async () => {
    server = await startFakePage({ settings: { ALLOWED_ORIGINS: `http://${HOST_NAME}` } })
    await server.stop()
    server = await startFakePage({
      port: server.port,
      settings: { PUBLIC_URL: `http://${HOST_NAME}:${server.port}` },
    })
    page = await openPage(browser, `http://${HOST_NAME}:${server.port}/`)
    const { tab } = page
    const banner = tab.getByRole('region', { name: 'Microphone' })
    const text = await banner.innerText()
    expect(text).toContain(`http://localhost:${server.port}/`)
    expect(text).toContain('TLS_CERT')
    await page.picture('insecure')
    await tab.getByRole('button', { name: 'Start talking' }).click()
    await page.becomes('No microphone')
    await tab.getByLabel('Type a question').fill('Hello?')
    await tab.keyboard.press('Enter')
    await page.becomes('Speaking')
    await tab.keyboard.press('Escape')
    await tab.getByRole('button', { name: 'Copy the answer' }).click()
    await tab.getByText('Copied.').waitFor()
  })

  test('a server that was stopped is said while nobody talks', async () => {
    const { tab } = await open({}, '/', { expected: /ERR_CONNECTION|Failed to load/ })
    await tab.waitForLoadState('networkidle')
    await server?.stop()
    await tab.getByRole('heading', { name: 'The server does not answer' }).waitFor({ timeout: 20_000 })
  })
})
