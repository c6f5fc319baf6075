import { expect, test } from 'vitest'
import { QuantvoxError } from '../../../../server/errors.ts'
import { accessibilityFaults, stickingOut } from '../../../support/browser/accessibility.ts'
import type { OpenOptions, OpenPage } from '../../../support/browser/openPage.ts'
import { useFakePage } from '../../../support/browser/useFakePage.ts'

const { server, open } = useFakePage()
let page: OpenPage

async function answered(reply: string, options: OpenOptions = {}) {
  server().script.reply = reply.split(/(?<=\s)/)
  page = await open(options)
  await page.tab.getByLabel('Type a question').fill('How?')
  await page.tab.keyboard.press('Enter')
  await page.tab.locator('.turn[data-outcome=completed]').waitFor({ timeout: 30_000 })
  return page.tab.locator('.turn .reply')
}

const code = 'for (const a of b) run(a)\n'

test.each([
  { name: 'light', colorScheme: 'light' as const },
  { name: 'dark', colorScheme: 'dark' as const },
  { name: 'phone', viewport: { width: 360, height: 740 } },
])(
  'a reply in Markdown is shown in its shape, and its code is copied: $name',
  async ({ name, ...options }) => {
    const reply = await answered(
      `# Two ways\n\n1. **Loop** over it\n2. Or \`map\` it\n\n\`\`\`ts\n${code}\`\`\`\n\n| way | time |\n|---|---|\n| loop | 1 ms |\n`,
      options,
    )
    await reply.locator('ol li').nth(1).waitFor()
    expect(await reply.locator('strong').innerText()).toBe('Loop')
    expect(await reply.locator('h1').count()).toBe(0)
    expect(await reply.locator('table td').last().innerText()).toBe('1 ms')
    await reply.getByRole('button', { name: 'Copy the code' }).click()
    await page.tab.getByText('Copied.').waitFor()
    expect(await page.tab.evaluate(() => navigator.clipboard.readText())).toBe(code)
    expect(await accessibilityFaults(page.tab, ['.turn'])).toEqual([])
    expect(await stickingOut(page.tab)).toEqual([])
    await page.picture(`markdown-${name}`)
  },
)

test('what a reply carries beside text neither runs nor loads', async () => {
  const reply = await answered(
    'So **it** is. <img src=x onerror="document.title=1"> <script>document.title=1</script> [here](javascript:document.title=1) [there](https://example.org) <b style="position:fixed">x</b>',
  )
  await reply.locator('strong').waitFor()
  expect(await reply.locator('img, script, b, [style]').count()).toBe(0)
  // Tags are text.
  expect(await reply.innerText()).toContain('<script>')
  expect(await reply.locator('a').evaluateAll(links => links.map(link => link.getAttribute('href')))).toEqual(
    ['https://example.org'],
  )
  // Where a link may not lead, it is none.
  expect(await reply.innerText()).toContain('here there')
  expect(await reply.locator('a').last().getAttribute('rel')).toBe('noopener noreferrer')
  expect(await page.tab.title()).toBe('Quantvox')
})

test('a wide table scrolls, and breaks no word', async () => {
  const columns = Array.from({ length: 20 }, (_, i) => `column${i}`)
  const row = (cells: string[]) => `| ${cells.join(' | ')} |\n`
  const reply = await answered(row(columns) + row(columns.map(() => '---')) + row(columns), {
    viewport: { width: 360, height: 740 },
  })
  const head = reply.locator('th').first()
  await head.waitFor()
  expect(await head.evaluate(cell => cell.getClientRects()[0]?.height ?? 0)).toBeLessThan(50)
  expect(await reply.locator('.scroll').evaluate(place => place.scrollWidth > place.clientWidth)).toBe(true)
  expect(await stickingOut(page.tab)).toEqual([])
})

test('an answer in Markdown gives way to that of a question that went on', async () => {
  server().script.reply = ['**One** thing.']
  page = await open()
  const over = Promise.withResolvers<(message: object) => void>()
  await page.tab.routeWebSocket(/v1.voice/, socket => {
    const real = socket.connectToServer()
    real.onMessage(message => {
      const told = typeof message === 'string' ? JSON.parse(message) : { type: 'audio' }
      if (/^(audio|turn)/.test(told.type)) return
      socket.send(message)
      if (told.type === 'reply.done')
        over.resolve(more => socket.send(JSON.stringify({ turnId: told.turnId, ...more })))
    })
  })
  await page.tab.getByLabel('Type a question').fill('How?')
  await page.tab.keyboard.press('Enter')
  const say = await over.promise
  const reply = page.tab.locator('.turn .reply')
  await reply.getByText('One').and(page.tab.locator('strong')).waitFor()
  say({ type: 'reopened', positionMs: 0 })
  say({ type: 'reply.delta', text: 'Another, **rea' })
  await reply.getByText('Another, **rea').waitFor()
  say({ type: 'reply.delta', text: 'lly**.' })
  say({ type: 'reply.done', text: 'Another, **really**.' })
  await expect.poll(() => reply.innerText()).toContain('Another, really.')
  expect(await reply.locator('strong').allInnerTexts()).toEqual(['really'])
})

const direction = (element: Element) => getComputedStyle(element).direction

test('text runs in the direction of its script, where it is typed, answered, listed and in the record', async () => {
  const reply = await answered('السلام عليكم')
  expect(await reply.evaluate(direction)).toBe('rtl')
  const { tab } = page
  const input = tab.getByLabel('Type a question')
  await input.fill('كم الساعة الآن (هنا)؟')
  expect(await input.evaluate(direction)).toBe('rtl')
  await tab.getByRole('button', { name: 'New conversation' }).click()
  await input.press('Enter')
  await tab.locator('.turn[data-outcome=completed]').waitFor()
  await tab.getByRole('button', { name: 'Conversations' }).click()
  expect(await tab.getByText('كم الساعة الآن (هنا)؟').last().evaluate(direction)).toBe('rtl')
  await tab.keyboard.press('Escape')
  await tab.goto(`${server().url}/#/turns`)
  await tab.getByRole('button', { expanded: false }).first().click()
  const texts = [tab.locator('td', { hasText: 'كم' }).locator('bdi'), ...(await tab.locator('dd').all())]
  for (const text of texts) expect(await text.first().evaluate(direction)).toBe('rtl')
  await tab.goto(`${server().url}/#/two-levels`)
  await tab.getByLabel('The question').fill('كم')
  expect(await tab.getByLabel('The question').evaluate(direction)).toBe('rtl')
})

test('a word that is longer than its place breaks, in the record, too', async () => {
  const word = 'W'.repeat(900)
  const reply = await answered(word, { viewport: { width: 360, height: 740 } })
  await reply.waitFor()
  expect(await stickingOut(page.tab)).toEqual([])
  server().script.respondError = new QuantvoxError('model_not_found', `There is no ${word}.`)
  await page.tab.getByLabel('Type a question').fill('And now?')
  await page.tab.keyboard.press('Enter')
  await page.tab.locator('.turn[data-outcome=failed]').waitFor()
  server().script.respondError = null
  expect(await stickingOut(page.tab)).toEqual([])
  await page.tab.goto(`${server().url}/#/turns`)
  await page.tab.getByRole('button', { expanded: false }).first().click()
  await page.tab.locator('dd').last().waitFor()
  expect(await stickingOut(page.tab)).toEqual([])
})
