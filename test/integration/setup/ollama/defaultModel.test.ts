import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ReplyPart } from '../../../../server/llm/respond.ts'
import type { Ask, Speed } from '../../../../server/llm/speed.ts'
import { catalog } from '../../../../server/setup/catalog.ts'
import {
  checkChoice,
  chooseDefaultLanguageModel,
  measuredModels,
} from '../../../../server/setup/ollama/defaultModel.ts'
import type { SetupContext } from '../../../../server/setup/types.ts'
import { close, listen } from '../../../support/setup/localServer.ts'

const { withRegistry, withoutRegistry: smallest } = catalog.language.defaults
const [half, oneAndAHalf] = ['qwen2.5-coder:0.5b-instruct-q4_K_M', 'qwen2.5-coder:1.5b-instruct-q4_K_M']
const languages = {
  ...catalog.language,
  defaults: {
    ...{ withRegistry, withoutRegistry: smallest },
    larger: [
      { tag: oneAndAHalf, promptWork: 12 },
      { tag: half, promptWork: 4 },
    ],
  },
}

let root: string
let url: string
let server: Server
let asked: string[]
let pull: (response: ServerResponse) => void
let fetched: string[]
let waited: number[]
let speed: Speed | null

const noSuchHost = (response: ServerResponse) => {
  response.write('{"status":"pulling manifest"}\n')
  response.end('{"error":"pull model manifest: Get \\"https://x\\": dial tcp: lookup x: no such host"}\n')
}
// A download that never ends: the question must not wait for it.
const reached = (response: ServerResponse) => {
  response.write('{"status":"pulling manifest"}\n')
  response.write('{"status":"pulling 74701a8c35f6","total":800,"completed":1}\n')
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'default-model-'))
  asked = []
  fetched = []
  waited = []
  pull = noSuchHost
  speed = { firstTokenMs: 100, promptEvalMs: 50, tokensPerSecond: 80 }
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    pull(response)
  })
  url = await listen(server)
})

afterEach(async () => {
  await close(server)
  await rm(root, { recursive: true, force: true })
})

const context = (): SetupContext => ({
  ...{ cacheDir: root, signal: AbortSignal.timeout(15_000), onProgress: () => {} },
})
const choose = (installed: string[] = [], from = languages) =>
  chooseDefaultLanguageModel(installed, url, context(), {
    languages: from,
    ensure: async tag => void fetched.push(tag),
    measure: async (_tag, _url, calmWithinMs) => {
      waited.push(calmWithinMs)
      return speed
    },
  })

describe('the default language model', () => {
  it('is the one to talk to where Ollama reaches its registry, and nothing is fetched to find out', async () => {
    pull = reached
    expect(await choose()).toBe(withRegistry)
    expect(await choose([smallest])).toBe(smallest)
    expect(fetched).toEqual([])
  })

  it('is the installed one, without a question to anybody', async () => {
    expect(await choose([withRegistry, half])).toBe(withRegistry)
    expect(await choose([smallest, half])).toBe(half)
    expect(asked).toEqual([])
  })

  it('is the smallest where the catalog has no larger one that can be made', async () => {
    const small = { ...languages, defaults: { ...languages.defaults, larger: [] } }
    expect(await choose([smallest], small)).toBe(smallest)
    expect(asked).toEqual([])
    expect(await choose([], small)).toBe(smallest)
    pull = response => response.writeHead(500).end('oops')
    expect(await choose([], small)).toBe(smallest)
    expect(fetched).toEqual([])
  })

  it.each([
    { firstTokenMs: 70, promptEvalMs: 30, is: oneAndAHalf },
    { firstTokenMs: 70, promptEvalMs: 31, is: half },
    { firstTokenMs: 250, promptEvalMs: 50, is: half },
    { firstTokenMs: 251, promptEvalMs: 50, is: smallest },
  ])(
    'is $is where the smallest takes $firstTokenMs ms, $promptEvalMs of them reading',
    async ({ is, ...of }) => {
      speed = { ...of, tokensPerSecond: 80 }
      expect(await choose()).toBe(is)
      expect(fetched).toEqual([smallest])
    },
  )

  it('is chosen once on a CPU: neither fetched for nor measured again, though the smallest is here now', async () => {
    expect(await choose()).toBe(half)
    speed = { firstTokenMs: 1000, promptEvalMs: 900, tokensPerSecond: 8 }
    expect(await choose([smallest])).toBe(half)
    expect(fetched).toEqual([smallest])
    expect(await measuredModels(root, languages)).toEqual([{ tag: smallest, tokensPerSecond: 80 }])
  })

  it('is the smallest, for this time, where the measurement tells nothing', async () => {
    speed = null
    expect(await choose()).toBe(smallest)
    speed = { firstTokenMs: 100, promptEvalMs: 50, tokensPerSecond: 80 }
    expect(await choose([smallest])).toBe(half)
    // The next start does not wait again for what the first one builds.
    expect(waited).toEqual([240_000, 10_000])
  })
})

describe('the check of a default that was chosen by prediction', () => {
  const at = (): Ask =>
    async function* () {
      asked.push('answer')
      yield {
        type: 'done',
        statistics: {
          ...{ doneReason: 'length', totalMs: 300, loadMs: 1, promptTokens: 100, cachedPromptTokens: null },
          ...{ promptEvalMs: 40, outputTokens: 16, evalMs: 200 },
        },
      } satisfies ReplyPart
    }
  const slow: Ask = async function* (...request) {
    await new Promise(resolve => setTimeout(resolve, 410))
    yield* at()(...request)
  }

  it('says a word where it is slower than it should be, and it stays', async () => {
    await choose()
    const word = await checkChoice(half, slow, context(), languages)
    expect(word).toMatch(
      /^qwen2\.5-coder:0\.5b-instruct-q4_K_M takes 4\d\d ms to its first token \(predicted: 250\); it stays\./,
    )
    expect(await choose()).toBe(half)
  })

  it('is done once, of the chosen model only', async () => {
    await choose()
    expect(await checkChoice(smallest, slow, context(), languages)).toBeNull()
    asked = []
    expect(await checkChoice(half, at(), context(), languages)).toBeNull()
    expect(asked).toHaveLength(8)
    expect(await checkChoice(half, slow, context(), languages)).toBeNull()
    expect(asked).toHaveLength(8)
  })

  it('keeps its own speed beside that of the smallest', async () => {
    await choose()
    await checkChoice(half, at(), context(), languages)
    expect(await measuredModels(root, languages)).toEqual([
      { tag: smallest, tokensPerSecond: 80 },
      { tag: half, tokensPerSecond: 80 },
    ])
  })
})
