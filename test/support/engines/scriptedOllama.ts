import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type OllamaCall = {
  path: string
  body: Record<string, unknown>
  /** Whether the client hung up before it had the whole answer. */
  hungUp: boolean
}

export type ScriptedOllama = {
  url: string
  calls: OllamaCall[]
  close(): Promise<void>
}

type Answer = (response: ServerResponse, call: OllamaCall) => unknown

/** A program that answers Ollama's routes as a test says; what it does not know is 404. */
export async function scriptedOllama(
  routes: Record<string, Answer>,
  address = '127.0.0.1',
): Promise<ScriptedOllama> {
  const calls: OllamaCall[] = []
  const server = createServer(async (request, response) => {
    const text = await bodyOf(request)
    const call: OllamaCall = {
      path: request.url ?? '',
      body: text === '' ? {} : JSON.parse(text),
      hungUp: false,
    }
    calls.push(call)
    response.once('close', () => {
      call.hungUp = !response.writableFinished
    })
    const answer = routes[call.path]
    if (answer) await answer(response, call)
    else response.writeHead(404).end('404 page not found')
  })
  await new Promise<void>(resolve => server.listen(0, address, resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}

/** An object of Ollama's chat stream as a line of NDJSON. */
export function chatLine(content: string, thinking?: string): string {
  const message = { role: 'assistant', content, ...(thinking === undefined ? {} : { thinking }) }
  return `${JSON.stringify({ model: 'm', created_at: '2026-11-01T00:00:00Z', message, done: false })}\n`
}

/** The last object of the stream, with figures in nanoseconds as Ollama gives them. */
export const lastLine = `${JSON.stringify({
  model: 'm',
  created_at: '2026-11-01T00:00:00Z',
  message: { role: 'assistant', content: '' },
  done: true,
  done_reason: 'stop',
  total_duration: 100_000_000,
  load_duration: 20_000_000,
  prompt_eval_count: 30,
  prompt_eval_duration: 25_000_000,
  eval_count: 8,
  eval_duration: 50_000_000,
})}\n`
