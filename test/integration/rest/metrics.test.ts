import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import type { EngineFigures } from '../../../server/telemetry/engineMetrics.ts'
import { createLiveApp, type LiveApp, type LiveClient } from '../../support/fakes/fakeLive.ts'
import { ask } from '../../support/http.ts'
import { type Exposition, GO_TIMEOUT_MS, goIsMissing, readExposition } from '../../support/readFormats.ts'

const engines: EngineFigures[] = [
  { engine: 'ollama', up: true, restarts: 1, models: [{ model: 'fake:1b-q4_K_M', residentBytes: 8e8 }] },
  {
    engine: 'whisper-server',
    up: false,
    restarts: 0,
    models: [
      { model: 'whisper-tiny.en-q8_0', residentBytes: 1e8 },
      { model: 'whisper-tiny.en-q4_0', residentBytes: null },
    ],
  },
  { engine: 'flite', up: true, restarts: null, models: [{ model: 'flite', residentBytes: 5e7 }] },
]

/** Every metric of the issue, its type and its labels. */
const turnLabels = ['llm_model', 'outcome', 'speech_model']
const promised: Record<string, [type: string, labels: string[]]> = {
  quantvox_turns_total: ['COUNTER', turnLabels],
  quantvox_turn_turn_decided_seconds: ['HISTOGRAM', turnLabels],
  quantvox_turn_commit_seconds: ['HISTOGRAM', turnLabels],
  quantvox_turn_transcript_seconds: ['HISTOGRAM', turnLabels],
  quantvox_turn_first_token_seconds: ['HISTOGRAM', turnLabels],
  quantvox_turn_first_clause_seconds: ['HISTOGRAM', turnLabels],
  quantvox_turn_first_audio_seconds: ['HISTOGRAM', turnLabels],
  quantvox_turn_playback_started_seconds: ['HISTOGRAM', turnLabels],
  quantvox_turn_reply_done_seconds: ['HISTOGRAM', turnLabels],
  quantvox_llm_time_to_first_token_seconds: ['HISTOGRAM', ['llm_model']],
  quantvox_llm_time_per_output_token_seconds: ['HISTOGRAM', ['llm_model']],
  quantvox_speech_inference_seconds: ['HISTOGRAM', ['speech_model']],
  quantvox_queue_wait_seconds: ['HISTOGRAM', ['engine']],
  quantvox_speculation_attempts_total: ['COUNTER', ['outcome']],
  quantvox_speculation_wasted_tokens_total: ['COUNTER', []],
  quantvox_speculation_wasted_engine_seconds_total: ['COUNTER', []],
  quantvox_turn_ends_total: ['COUNTER', ['decided_by']],
  quantvox_speculation_saved_seconds: ['HISTOGRAM', ['llm_model']],
  quantvox_sessions_active: ['GAUGE', []],
  quantvox_sessions_capacity: ['GAUGE', []],
  quantvox_turns_active: ['GAUGE', []],
  quantvox_draining: ['GAUGE', []],
  quantvox_spool_rows: ['GAUGE', []],
  quantvox_engine_up: ['GAUGE', ['engine']],
  quantvox_engine_restarts_total: ['COUNTER', ['engine']],
  quantvox_engine_resident_bytes: ['GAUGE', ['engine', 'model']],
}

let made: LiveApp | undefined
afterEach(() => made?.app.close())

async function start(settings: Record<string, string> = {}): Promise<LiveApp> {
  made = await createLiveApp({ settings, dependencies: { engines: async () => engines } })
  return made
}

async function scrape({ app }: LiveApp): Promise<string> {
  const answer = await app.inject({ url: '/metrics' })
  expect(answer.statusCode, answer.body).toBe(200)
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  return answer.body
}

/** A question that its client ends by hand after a pause, answered and played to its end. */
async function liveTurn(client: LiveClient, paused: () => Promise<void> = async () => {}): Promise<void> {
  client.say(800)
  client.silence(256)
  await client.next('speech.started')
  await paused()
  client.send({ type: 'commit' })
  const { turnId } = await client.next('audio.started')
  client.send({ type: 'playback', turnId, event: 'started', positionMs: 0 })
  const { audioMs } = await client.next('audio.done')
  client.send({ type: 'playback', turnId, event: 'ended', positionMs: audioMs })
  await client.next('turn.done')
}

function labelsOf(series: Exposition['families'][number]['series']): string[] {
  return [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))].toSorted()
}

const seriesOf = ({ families }: Exposition, name: string) =>
  families.find(family => family.name === name)?.series ?? []

describe.skipIf(goIsMissing)(
  'metrics, as the parser of Prometheus reads them',
  { timeout: GO_TIMEOUT_MS },
  () => {
    test('are all there with type and labels, and those of the engines say what is known', async () => {
      const live = await start()
      await liveTurn(await live.connect(), () => expect.poll(() => live.calls.includes('respond')).toBe(true))
      await ask(live.app)
      const scraped = await readExposition(await scrape(live))
      expect(scraped.problems).toEqual([])
      const found = scraped.families.map(({ name, type, series }) => [name, [type, labelsOf(series)]])
      expect(Object.fromEntries(found)).toEqual(promised)
      const models = { llm_model: 'fake:1b-q4_K_M', speech_model: 'whisper-tiny.en-q8_0' }
      expect(seriesOf(scraped, 'quantvox_turns_total')).toEqual([
        { labels: { ...models, outcome: 'completed' }, value: 2, sum: 0 },
      ])
      expect(seriesOf(scraped, 'quantvox_turn_first_token_seconds')[0]).toMatchObject({ value: 2 })
      expect(seriesOf(scraped, 'quantvox_turn_commit_seconds')[0]).toMatchObject({ value: 1 })
      expect(seriesOf(scraped, 'quantvox_sessions_active')[0]?.value).toBe(1)
      const engineUp = seriesOf(scraped, 'quantvox_engine_up')
      expect(engineUp.map(({ labels, value }) => [labels.engine, value])).toEqual([
        ['ollama', 1],
        ['whisper-server', 0],
        ['flite', 1],
      ])
      const restarts = seriesOf(scraped, 'quantvox_engine_restarts_total')
      expect(restarts.map(({ labels, value }) => [labels.engine, value])).toEqual([
        ['ollama', 1],
        ['whisper-server', 0],
      ])
      const resident = seriesOf(scraped, 'quantvox_engine_resident_bytes')
      expect(resident.map(({ labels, value }) => [labels.model, value])).toEqual([
        ['fake:1b-q4_K_M', 8e8],
        ['whisper-tiny.en-q8_0', 1e8],
        ['flite', 5e7],
      ])
    })

    test('count what failed, without a name that only a client wrote and without any id', async () => {
      const live = await start()
      live.stages.languageModel = () => Promise.reject(new QuantvoxError('model_not_found', 'There is none.'))
      const { turnId, conversationId } = (await ask(live.app, { llmModel: 'evil"\n{x="1"}' })).json()
      expect(turnId).toMatch(/^[0-9a-f-]{36}$/)
      const text = await scrape(live)
      const scraped = await readExposition(text)
      expect(seriesOf(scraped, 'quantvox_turns_total').map(({ labels }) => labels)).toEqual([
        { llm_model: 'other', speech_model: 'whisper-tiny.en-q8_0', outcome: 'failed' },
      ])
      for (const secret of ['evil', turnId, conversationId]) expect(text).not.toContain(secret)
    })
  },
)

describe('a scrape', () => {
  test('needs the token where one is set', async () => {
    const { app } = await start({ AUTH_TOKEN: 'a-token-of-sixteen-and-more' })
    const answer = (headers = {}) => app.inject({ url: '/metrics', headers })
    expect((await answer()).statusCode).toBe(401)
    expect((await answer({ authorization: 'Bearer a-token-of-sixteen-and-more' })).statusCode).toBe(200)
  })

  test('goes on while eight sessions talk; how long it takes is printed', async () => {
    const live = await start()
    const clients = await Promise.all(
      Array.from({ length: 8 }, (_, i) => live.connect({ llmModel: `fake:${i}b-q4_K_M` })),
    )
    await Promise.all(clients.map(client => liveTurn(client)))
    let talking = true
    const talks = clients.map(async client => {
      for (let turn = 0; turn < 4; turn++) await liveTurn(client)
    })
    const all = Promise.all(talks).finally(() => {
      talking = false
    })
    const tookMs: number[] = []
    let text = ''
    while (talking) {
      const startedAt = performance.now()
      text = await scrape(live)
      tookMs.push(performance.now() - startedAt)
      await sleep(20)
    }
    await all
    expect(text).toContain('quantvox_sessions_active 8\n')
    const lines = text.trimEnd().split('\n').length
    const sorted = tookMs.toSorted((a, b) => a - b)
    const figure = (ms: number | undefined) => `${ms?.toFixed(1)} ms`
    console.info(
      `${sorted.length} scrapes of ${lines} lines during 8 sessions: median ${figure(sorted[sorted.length >> 1])}, longest ${figure(sorted.at(-1))}`,
    )
  })
})
