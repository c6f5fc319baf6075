import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { freePort } from '../../../server/engines/ports.ts'
import { openTurnStore, TURN_FILE_NAME } from '../../../server/record/sqlite/store.ts'
import { createHealthyMachine, type HealthyMachine } from '../../support/healthyMachine.ts'

let machine: HealthyMachine
beforeEach(async () => {
  machine = await createHealthyMachine()
})
afterEach(() => machine.close())

test('where all is well it finds nothing, and a spoken question is answered, with its timings, and forgotten', async () => {
  const { findings, turn } = await machine.diagnose()
  expect(findings.filter(({ state }) => state !== 'ok')).toEqual([])
  expect(findings.map(({ what }) => what)).toEqual([
    ...[
      'Node',
      'processor',
      'cache folder',
      'data folder',
      'ffmpeg',
      'port',
      'microphone',
      'record',
      'Ollama',
    ],
    ...['whisper-server', 'SIMD of whisper-server', 'GPU of whisper-server'],
    'whisper-server, clients that leave',
    ...[
      'speech model',
      'Moonshine',
      'model files',
      'language model',
      'memory',
      'SIMD of Ollama',
      'models on a GPU',
    ],
    'self-test turn',
  ])
  expect(turn).toMatchObject({ outcome: 'completed', synthesis: { voice: 'flite:slt' } })
  expect(turn?.speech.audioMs).toBeGreaterThan(1_500)
  expect(turn?.fromSpeechEnd.firstAudioMs).toBeGreaterThan(0)
  const store = openTurnStore(join(machine.config.DATA_DIR, TURN_FILE_NAME), { saveText: true })
  expect((await store.list({}, 10)).items).toEqual([])
  store.close()
})

describe('it finds', () => {
  test('an Ollama that leaks memory', async () => {
    await machine.runOllama('0.16.9')
    expect(await machine.complaintOf('Ollama')).toMatch(
      /^wrong: 0\.16\.9 runs at .* — Update Ollama to 0\.17\.1/,
    )
  })

  test('an Ollama that the whole network reaches', async () => {
    const { url } = await machine.runOllama('0.17.4', '0.0.0.0')
    // Another address of this machine, which one that is bound to 127.0.0.1 does not answer at.
    machine.facts.outsideAddresses = ['127.0.0.2']
    expect(await machine.complaintOf('who reaches Ollama')).toContain(
      `wrong: every machine of the network, at 127.0.0.2:${new URL(url).port}`,
    )
  })

  test('no fault in an Ollama that only this machine reaches', async () => {
    await machine.runOllama('0.17.4')
    machine.facts.outsideAddresses = ['127.0.0.2']
    expect(await machine.complaintOf('who reaches Ollama')).toBe('none')
  })

  test('an Ollama that was named and does not answer', async () => {
    machine.config = { ...machine.config, ollamaHostSetByHand: true }
    expect(await machine.complaintOf('Ollama')).toMatch(/^wrong: nothing answers at .*OLLAMA_HOST names/)
  })

  test('a speech model that is not here, and tries no turn without it', async () => {
    rmSync(join(machine.config.CACHE_DIR, 'models'), { recursive: true })
    expect(await machine.complaints()).toMatch(
      /^note speech model: whisper-tiny\.en-q8_0 is not here.*\nwrong self-test turn: whisper-tiny\.en-q8_0 is not here, or not whole, so no turn was tried\.$/,
    )
  })

  test('a speech model that is damaged', async () => {
    writeFileSync(machine.speechModelPath, 'weightz')
    expect(await machine.complaintOf('model files')).toMatch(/^wrong: damaged: whisper-tiny\.en-q8_0 — Run/)
  })

  test('engines that use no SIMD', async () => {
    machine.plant({ SCRIPTED_CPU: 'SSE3' })
    expect(await machine.complaints()).toMatch(
      /^wrong SIMD of whisper-server: it uses SSE3; the CPU also has AVX2, FMA, AVX512\nwrong SIMD of Ollama: it uses SSE3; /,
    )
  })

  test('a whisper-server that goes on working for a client that left', async () => {
    machine.plant({ SCRIPTED_GOES_ON: '1' })
    expect(await machine.complaints()).toMatch(
      /^wrong whisper-server, clients that leave: it goes on working for them/,
    )
  })

  test('a whisper-server that does not start', async () => {
    machine.plant({ SCRIPTED_WHISPER_DIES: '1' })
    expect(await machine.complaintOf('whisper-server')).toMatch(
      /^wrong: .*does not start: .*illegal instruction/,
    )
  })

  test('a whisper-server elsewhere that does not answer', async () => {
    machine.config = {
      ...machine.config,
      SPEECH_URL: [{ level: null, url: `http://127.0.0.1:${await freePort()}` }],
    }
    expect(await machine.complaintOf('whisper-server')).toMatch(
      /^wrong: none of http.* answers — Start one of them/,
    )
  })

  test('a level elsewhere that nothing answers for, whatever answers for another', async () => {
    const level = 'moonshine-base.en-int8'
    machine.config = {
      ...machine.config,
      SPEECH_URL: [
        { level: null, url: (await machine.runOllama('0.17.4')).url },
        { level, url: `http://127.0.0.1:${await freePort()}` },
      ],
    }
    expect(await machine.complaintOf('Moonshine')).toMatch(
      /^wrong: none of http.* answers for moonshine-base\.en-int8 — Start one of them/,
    )
  })

  test('a model that hears something else', async () => {
    machine.plant({ SCRIPTED_TRANSCRIPT: 'Thanks for watching!' })
    expect(await machine.complaints()).toMatch(/^wrong self-test turn: .*heard as "Thanks for watching!"/)
  })

  test('is answered by a voice that does not speak', async () => {
    Object.assign(machine.config, { SYNTHESIS_URL: 'http://127.0.0.1:9', VOICE: 'remote:any' })
    expect(await machine.complaintOf('self-test turn')).toMatch(
      /^wrong: .*Not all of the reply is spoken. No speech server answers at .* — Start it, or choose another voice/,
    )
  })

  test('a language model that spills from the GPU to the CPU', async () => {
    machine.plant({ SCRIPTED_GPU_SHARE: '0.4' })
    expect(await machine.complaints()).toMatch(/^wrong models on a GPU: scripted:1b-q4_K_M 40 %$/)
  })

  test('a GPU that no engine uses', async () => {
    machine.facts.gpu.hasNvidiaGpu = true
    expect((await machine.complaints()).split('\n').toSorted()).toEqual([
      'note GPU of whisper-server: it runs on the CPU, though there is a GPU',
      'note models on a GPU: scripted:1b-q4_K_M 0 %, though there is a GPU',
    ])
  })
})
