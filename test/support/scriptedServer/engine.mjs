// Both engines as one scripted program, small and quick to start, for tests of the whole server process:
// `engine.mjs serve` answers like Ollama at OLLAMA_HOST, `engine.mjs --port ...` like whisper-server.
// SCRIPTED_TOKEN_MS is the pace of the reply, SCRIPTED_FIRST_MS the time before it, SCRIPTED_DECODE_MS the time of a decoding of up to 4 s, SCRIPTED_LIFE_MS until it ends by itself; what else is
// SCRIPTED_ plants a fault; what is asked of it goes into the file SCRIPTED_CALLS, a JSON object a line, the messages of a chat into SCRIPTED_MESSAGES.
import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

if (process.argv[2] === '--version') {
  console.log('ollama version is 0.17.4')
  process.exit()
}
if (process.argv[2] === '--help') {
  console.log('--vad-model')
  process.exit()
}
const isOllama = process.argv[2] === 'serve'
if (!isOllama && process.env.SCRIPTED_WHISPER_DIES) {
  console.error('illegal instruction')
  process.exit(132)
}
const argument = name => process.argv[process.argv.indexOf(name) + 1]
const port = Number(isOllama ? process.env.OLLAMA_HOST.split(':').at(-1) : argument('--port'))
const base = isOllama ? '' : argument('--request-path')
const tokenMs = Number(process.env.SCRIPTED_TOKEN_MS ?? 5)
// Before anything of a reply, its headers neither.
const firstMs = Number(process.env.SCRIPTED_FIRST_MS ?? 0)
const decodeMs = Number(process.env.SCRIPTED_DECODE_MS ?? 20)
// As Ollama's runners: a process of its own that must end with it.
if (isOllama) spawn('sleep', ['300'], { stdio: 'ignore' })
setTimeout(() => process.exit(0), Number(process.env.SCRIPTED_LIFE_MS ?? 300_000))

const features = (process.env.SCRIPTED_CPU ?? 'AVX2,FMA,AVX512').split(',')
function saySystem() {
  if (isOllama) console.error(`level=INFO msg=system ${features.map(name => `CPU.0.${name}=1`).join(' ')}`)
  else
    console.error(
      `system_info: n_threads = 2 / 2 | CPU : ${features.map(name => `${name} = 1`).join(' | ')} |`,
    )
}

const digest = 'f'.repeat(64)
const model = {
  name: 'scripted:1b-q4_K_M',
  digest,
  size: 700_000_000,
  details: { family: 'scripted', parameter_size: '1B', quantization_level: 'Q4_K_M' },
}
const words = ['It', ' is', ' ten', ' past', ' nine.', ' Good', ' evening.']

async function chat(response) {
  saySystem()
  await sleep(firstMs)
  for (const content of words) {
    response.write(
      `${JSON.stringify({ model: model.name, message: { role: 'assistant', content }, done: false })}\n`,
    )
    await sleep(tokenMs)
    if (response.destroyed) return tell({ leftAt: Date.now() })
  }
  const durations = { total_duration: 9e6, load_duration: 1e6, prompt_eval_duration: 2e6, eval_duration: 5e6 }
  const counts = { prompt_eval_count: 30, eval_count: words.length }
  const last = {
    model: model.name,
    message: { role: 'assistant', content: '' },
    done: true,
    done_reason: 'stop',
  }
  response.end(`${JSON.stringify({ ...last, ...durations, ...counts })}\n`)
}

const said = ` ${process.env.SCRIPTED_TRANSCRIPT ?? 'What is the time?'}`
const transcript = {
  text: said,
  segments: [{ text: said, tokens: [1, 2, 3, 4], words: [{ probability: 0.9 }], no_speech_prob: 0 }],
}

/** One at a time, 16 kHz and 16 bit; gives up for a client that left, as whisper-server does. */
let decoding = Promise.resolve()
function decode(bytes, response) {
  saySystem()
  const left = new AbortController()
  if (!process.env.SCRIPTED_GOES_ON) response.once('close', () => left.abort())
  const ms = decodeMs * Math.max(1, bytes / 32_000 / 4)
  decoding = decoding.then(() => sleep(ms, undefined, { signal: left.signal }).catch(() => {}))
  return decoding
}

function tell(call) {
  if (process.env.SCRIPTED_CALLS) appendFileSync(process.env.SCRIPTED_CALLS, `${JSON.stringify(call)}\n`)
}
if (!isOllama) tell({ threads: Number(argument('--threads')) })

const gpuShare = Number(process.env.SCRIPTED_GPU_SHARE ?? 0)

createServer((request, response) => {
  if (!request.url.startsWith(base)) return response.writeHead(404).end()
  const path = request.url.slice(base.length)
  let body = ''
  request.on('data', data => {
    if (path === '/api/chat') body += data
  })
  request.on('end', async () => {
    if (path === '/api/version') return response.end('{"version":"0.17.4"}')
    if (path === '/api/tags') return response.end(JSON.stringify({ models: [model] }))
    if (path === '/api/ps')
      return response.end(JSON.stringify({ models: [{ ...model, size_vram: model.size * gpuShare }] }))
    if (path === '/api/show')
      return response.end(JSON.stringify({ modelfile: `FROM /blobs/sha256-${digest}` }))
    if (path === '/api/chat') {
      tell(JSON.parse(body).options)
      const { SCRIPTED_MESSAGES: file } = process.env
      if (file) appendFileSync(file, `${JSON.stringify(JSON.parse(body).messages)}\n`)
      return chat(response)
    }
    if (path === '/inference') await decode(Number(request.headers['content-length']), response)
    response.end(JSON.stringify(path === '/health' ? { status: 'ok' } : transcript))
  })
}).listen(port, '127.0.0.1')
