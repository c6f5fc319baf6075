import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export type HeardRequest = { fields: Record<string, string>; wavBytes: number; closedEarly: Promise<boolean> }

export type ScriptedAnswer =
  | {
      text: string
      probability?: number
      noSpeech?: number
      tokens?: number
      delayMs?: number
      language?: string
    }
  | { raw: string; status?: number }
  | 'hang'
  | 'die'
  | 'die in the body'

/** A whisper-server that answers from a script, in order, and again with the last; it keeps what it was asked. */
export async function startFakeWhisper(...script: ScriptedAnswer[]) {
  const requests: HeardRequest[] = []
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const closedEarly = new Promise<boolean>(resolve => {
      response.once('close', () => resolve(!response.writableEnded))
    })
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const form = await new Response(Buffer.concat(parts), {
      headers: { 'content-type': request.headers['content-type'] ?? '' },
    }).formData()
    const fields: Record<string, string> = {}
    let wavBytes = 0
    for (const [name, value] of form) {
      if (typeof value === 'string') fields[name] = value
      else wavBytes = value.size
    }
    const next = script[Math.min(requests.length, script.length - 1)] ?? { text: '' }
    requests.push({ fields, wavBytes, closedEarly })
    if (next === 'hang') return
    if (next === 'die') return void response.destroy()
    if (next === 'die in the body') {
      response.writeHead(200, { 'content-length': 1000 })
      response.write('{"text": "half an')
      setTimeout(() => response.destroy(), 20)
      return
    }
    if ('raw' in next) {
      response.writeHead(next.status ?? 200)
      response.end(next.raw)
      return
    }
    await sleep(next.delayMs ?? 0)
    response.end(JSON.stringify(verbose(next)))
  }

  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    requests,
    stop: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The shape of whisper-server's `verbose_json`. */
function verbose(script: Exclude<ScriptedAnswer, string | { raw: string }>) {
  const words = script.text.split(/(?= )/).filter(word => word !== '')
  return {
    task: 'transcribe',
    language: script.language ?? 'english',
    duration: 1,
    text: `${script.text}\n`,
    segments: [
      {
        id: 0,
        text: script.text,
        tokens: Array.from({ length: script.tokens ?? words.length }, (_, index) => index),
        words: words.map(word => ({ word, probability: script.probability ?? 0.9 })),
        temperature: 0,
        avg_logprob: -0.1,
        no_speech_prob: script.noSpeech ?? 0,
      },
    ],
  }
}
