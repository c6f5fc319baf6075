import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import Value from 'typebox/value'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OllamaEngine } from '../../server/engines/ollama/ollama.ts'
import { isObservation, type Observation } from '../../server/lab/observations.ts'
import { ComparisonResult } from '../../server/protocol/comparisonResult.ts'
import {
  ownOllama,
  realLanguageModel,
  realSpeechModel,
  testCacheDir,
} from '../support/engines/realEngines.ts'
import { recordingOllama } from '../support/engines/recordingOllama.ts'
import {
  type CommandResult,
  clip,
  type LiveServer,
  quantvox,
  startLiveServer,
} from '../support/liveServer.ts'

/** The short form of `quantvox compare`: two levels, two tags, two questions, as a user runs it. */

const levels = ['whisper-tiny.en-q8_0', 'whisper-tiny.en-q4_0']
const tags = ['smollm2:135m-instruct-q8_0', 'smollm2:135m-instruct-q4_K_M']

let ollama: OllamaEngine
let recorder: Awaited<ReturnType<typeof recordingOllama>>
let server: LiveServer
let folder: string | undefined
let run: CommandResult
let result: ComparisonResult
let observations: Observation[]

beforeAll(async () => {
  ollama = await ownOllama()
  for (const tag of tags) await realLanguageModel(tag, await ollama.url())
  for (const level of levels) await realSpeechModel(level)
  recorder = await recordingOllama(await ollama.url())
  folder = await mkdtemp(join(tmpdir(), 'quantvox-compare-'))
  server = await startLiveServer({
    AUDIO_DIRS: folder,
    OLLAMA_HOST: recorder.url,
    LLM_MODEL: tags[0] ?? '',
    CACHE_DIR: testCacheDir(),
  })
  const files = ['azure-weather', 'assistant-grapefruit', 'nonspeech-pink-noise'].map(clip)
  for (const file of files) await copyFile(file, join(folder, basename(file)))
  const texts = ["What's the weather like?", 'How do you say grapefruit in French?', '']
  await writeFile(
    join(folder, 'manifest.tsv'),
    files.map((file, index) => `${basename(file)}\t${texts[index]}\n`).join(''),
  )

  const json = join(folder, 'result.json')
  const what = ['--speech', levels.join(), '--llm', tags.join(), '--audio', folder]
  run = await quantvox(
    ['compare', ...what, '--rounds', '1', '--budget', '180s', '--json', json],
    server.settings,
  )
  const written: unknown = JSON.parse(await readFile(json, 'utf8'))
  Value.Assert(ComparisonResult, written)
  result = written as ComparisonResult
  const lines = await readFile(
    join(server.settings.DATA_DIR ?? '', 'comparisons', result.id, 'observations.ndjson'),
    'utf8',
  )
  observations = lines
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
})
afterAll(async () => {
  await server?.stop()
  await recorder?.close()
  await ollama?.stop()
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
})

describe('a short comparison on real engines', () => {
  test('ends well and recommends something, in every line that it wrote as the schema says', () => {
    expect(run.code, run.err).toBe(0)
    expect(run.out).toContain(result.recommendation.sentence)
    expect(result.state).toBe('done')
    expect(result.failures).toEqual([])
    expect(observations.filter(line => !isObservation(line))).toEqual([])
    expect(observations.at(-1)).toMatchObject({ kind: 'ended', state: 'done' })
  })

  test('measures every level on every clip, and its size', () => {
    expect(result.reference.speech).toBe(levels[0])
    for (const { name, figures } of result.speech) {
      expect(figures.inferenceMs.n, name).toBe(2)
      expect(figures.inferenceMs.value, name).toBeGreaterThan(0)
      expect(figures.residentBytes.value, name).toBeGreaterThan(50e6)
      expect(figures.loadMs.value, name).toBeGreaterThan(0)
      expect(figures.cpuSecondsPerAudioSecond.value, name).toBeGreaterThan(0)
    }
    const [q8, q4] = result.speech.map(({ figures }) => figures)
    expect(q4?.fileBytes.value).toBe(25_335_371)
    expect(q4?.bitsPerWeight.value).toBeLessThan(q8?.bitsPerWeight.value ?? 0)
  })

  test("has Ollama's own figures of tokens, to the last digit", () => {
    const answers = observations.filter(line => line.kind === 'llm-answer')
    expect(answers.length).toBeGreaterThan(0)
    for (const { arm, outputTokens, evalMs, promptTokens } of answers) {
      const told = recorder.finals.find(
        final =>
          final.model === arm &&
          final.eval_count === outputTokens &&
          final.prompt_eval_count === promptTokens &&
          Math.abs(final.eval_duration / 1e6 - (evalMs ?? 0)) < 1e-6,
      )
      expect(told, `${arm} ${outputTokens} ${evalMs}`).toBeDefined()
    }
  })

  test('reads the real types of the tensors, the memory of the runner, and who said what next', () => {
    for (const { name, figures, tensorTypes } of result.llm) {
      expect(tensorTypes.length, name).toBeGreaterThan(1)
      expect(figures.bitsPerWeight.value, name).toBeGreaterThan(4)
      expect(figures.residentBytes.value, name).toBeGreaterThan(80e6)
      expect(figures.cpuSecondsPerAnswer.value, name).toBeGreaterThan(0)
    }
    const positions = observations.filter(line => line.kind === 'llm-position')
    expect(positions.some(({ chosen }) => chosen !== null)).toBe(true)
    for (const { chosen, top } of positions) {
      expect(top).toHaveLength(chosen === null ? 0 : 20)
      expect(top.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0)).toBeLessThanOrEqual(1.001)
    }
  })

  test('gives the report in every format', async () => {
    const headings = { md: /^# /, html: /^<!doctype html>/i, csv: /,/ }
    for (const [format, heading] of Object.entries(headings)) {
      const answer = await fetch(`${server.url}/v1/comparisons/${result.id}?format=${format}`)
      expect(await answer.text()).toMatch(heading)
    }
  })
})

test('voices alone speak in processes of their own, and one level hears them', async () => {
  const voices = ['flite:slt', 'flite:kal16']
  const json = join(folder ?? '', 'voices.json')
  const what = ['--voices', ...voices, '--rounds', '1', '--budget', '40s', '--json', json]
  const compared = await quantvox(['compare', ...what], server.settings)
  expect(compared.code, compared.err).toBe(0)
  const found: unknown = JSON.parse(await readFile(json, 'utf8'))
  Value.Assert(ComparisonResult, found)
  expect(found.reference.voice).toBe(voices[0])
  expect(found.failures).toEqual([])
  for (const { name, figures, digest } of found.voices) {
    expect(figures.firstSoundMs.value, name).toBeGreaterThanOrEqual(figures.firstAudioMs.value ?? Infinity)
    expect(figures.realTimeFactor.value, name).toBeGreaterThan(0)
    expect(figures.residentBytes.value, name).toBeGreaterThan(50e6)
    expect(figures.fileBytes.value, name).toBe(21_530_456)
    expect(figures.wordErrorRate.value, name).toBeLessThan(50)
    expect(digest, name).toMatch(/^[0-9a-f]{64}$/)
  }
  expect(found.noiseArm.voice?.name).toBe(voices[0])
  expect(compared.out).toContain('## Voices')
})
