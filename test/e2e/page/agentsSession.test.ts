import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { toBytes } from '../../../server/audio/pcm.ts'
import { createVoiceActivity } from '../../../server/hearing/voiceActivity.ts'
import type { Respond } from '../../../server/llm/respond.ts'
import { launchBrowser } from '../../support/browser/chromium.ts'
import { leasesAt } from '../../support/engines/leasesAt.ts'
import { createLiveApp, type LiveApp } from '../../support/fakes/fakeLive.ts'
import { clip } from '../../support/liveServer.ts'
import { clipAt24 } from '../../support/realtime/microphone.ts'

/** The realtime session of `@openai/agents`, in the build that it has for browsers, in a page of somebody else's. */

const TOKEN = 'a-token-of-the-operator'
const bundle = resolve(import.meta.dirname, '../../../node_modules/@openai/agents-realtime/dist/bundle')

/** What the page's script leaves for the test. */
type Seen = {
  audioBytes: number
  interrupted: number
  called: unknown[]
  errors: string[]
  history(): { role: string; text: string }[]
  say(pcm: string): void
  ask(text: string): void
}
declare global {
  var seen: Seen
  var sdk: typeof import('@openai/agents/realtime')
}

let browser: Browser
let live: LiveApp
const closing: (() => unknown)[] = []
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser?.close())
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A site with the bundle, as it is, and nothing of ours. */
async function startSite(): Promise<string> {
  const site = createServer(async (request, response) => {
    const [, name = ''] = /^\/([\w.-]+\.mjs)$/.exec(request.url ?? '') ?? []
    response.setHeader('content-type', name === '' ? 'text/html' : 'text/javascript')
    response.end(name === '' ? '<!doctype html><title>A site</title>' : await readFile(join(bundle, name)))
  })
  await new Promise<void>(done => site.listen(0, '127.0.0.1', done))
  closing.push(() => site.close())
  return `http://127.0.0.1:${(site.address() as AddressInfo).port}`
}

/** A page of that site with a session that is connected by a client secret. */
async function openSession(script: object, respond?: Respond): Promise<Page> {
  const site = await startSite()
  const activity = await createVoiceActivity()
  live = await createLiveApp({ activity, script, settings: { AUTH_TOKEN: TOKEN, ALLOWED_ORIGINS: site } })
  closing.push(() => live.app.close())
  if (respond !== undefined) live.stages.llm = leasesAt(async () => 'http://127.0.0.1:1', respond)
  const url = await live.app.listen({ host: '127.0.0.1', port: 0 })
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
  const asked = await fetch(`${url}/v1/realtime/client_secrets`, { method: 'POST', headers, body: '{}' })
  const { value: apiKey } = (await asked.json()) as { value: string }
  const context = await browser.newContext()
  closing.push(() => context.close())
  const tab = await context.newPage()
  await tab.goto(site)
  const content = "import * as sdk from '/openai-realtime-agents.mjs'; globalThis.sdk = sdk"
  await tab.addScriptTag({ type: 'module', content })
  await tab.waitForFunction(() => globalThis.sdk !== undefined)
  await tab.evaluate(connect, { address: `${url.replace('http', 'ws')}/v1/realtime`, apiKey })
  return tab
}

/** Runs in the page. */
async function connect({ address, apiKey }: Record<'address' | 'apiKey', string>) {
  const weather = sdk.tool({
    name: 'weather',
    description: 'The weather of a place.',
    parameters: {
      type: 'object' as const,
      properties: { place: { type: 'string' as const } },
      required: ['place'],
      additionalProperties: true as const,
    },
    strict: false,
    async execute(input) {
      seen.called.push(input)
      return 'rainy'
    },
  })
  const agent = new sdk.RealtimeAgent({ name: 'Assistant', tools: [weather] })
  const session = new sdk.RealtimeSession(agent, { transport: 'websocket', model: 'gpt-realtime' })
  globalThis.seen = {
    ...{ audioBytes: 0, interrupted: 0, called: [], errors: [] },
    history: () =>
      session.history.flatMap(item =>
        item.type === 'message' ? [{ role: item.role, text: JSON.stringify(item.content) }] : [],
      ),
    say: pcm => session.sendAudio(Uint8Array.from(atob(pcm), sign => sign.charCodeAt(0)).buffer),
    ask: text => session.sendMessage(text),
  }
  session.on('audio', ({ data }) => {
    seen.audioBytes += data.byteLength
  })
  session.on('audio_interrupted', () => {
    seen.interrupted++
  })
  session.on('error', ({ error }) => void seen.errors.push(String(error)))
  await session.connect({ apiKey, url: address })
}

async function say(tab: Page): Promise<void> {
  const speech = Buffer.from(toBytes(await clipAt24(clip('azure-weather')))).toString('base64')
  const silence = Buffer.alloc(24_000 * 2).toString('base64')
  for (const sound of [speech, silence]) await tab.evaluate(pcm => seen.say(pcm), sound)
}

const poll = (what: () => unknown) => expect.poll(what, { timeout: 20_000, interval: 50 })
const history = (tab: Page) => tab.evaluate(() => seen.history())

test('speaks in a browser, hears the answer, is interrupted, and leaves its rows', async () => {
  const tab = await openSession({ tokenMs: 250, clauseAudioMs: 2000 })
  await say(tab)
  await poll(() => tab.evaluate(() => seen.audioBytes)).toBeGreaterThan(24_000)
  await say(tab)
  await poll(() => tab.evaluate(() => seen.interrupted)).toBeGreaterThan(0)
  await poll(async () => (await history(tab)).filter(({ role }) => role === 'assistant').length).toBe(2)
  const [question, cut] = await history(tab)
  expect(question?.text).toContain('What is the time?')
  expect(cut?.text).not.toContain('evening')
  expect(await tab.evaluate(() => seen.errors)).toEqual([])
  await poll(async () => (await live.stages.store.list({}, 10)).items.map(({ source }) => source)).toContain(
    'realtime',
  )
})

test('calls a function in a browser and speaks of what came of it', async () => {
  const tab = await openSession({}, async function* (_host, prompt) {
    const last = prompt.at(-1)
    const place = { place: 'Paris' }
    if (last?.role === 'tool') yield { type: 'text', text: `It is ${last.content}.` }
    else yield { type: 'tool-call', call: { id: 'call_1', name: 'weather', arguments: place } }
  })
  await tab.evaluate(() => seen.ask('How is the weather in Paris?'))
  await poll(async () => JSON.stringify(await history(tab))).toContain('It is rainy.')
  expect(await tab.evaluate(() => seen.called)).toEqual([{ place: 'Paris' }])
  expect(await tab.evaluate(() => seen.errors)).toEqual([])
})
