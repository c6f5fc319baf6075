import { createServer, request as requestHttp } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The last object of a chat as Ollama sent it, and the tag that was asked. */
export type FinalObject = {
  model: string
  eval_count: number
  eval_duration: number
  prompt_eval_count: number
}

/** Passes everything on to an Ollama, and keeps the final objects of chats. */
export async function recordingOllama(target: string): Promise<{
  url: string
  finals: FinalObject[]
  /** Chats that are not over: connections to Ollama that neither it nor whoever asked has closed. */
  replying(): number
  close(): Promise<void>
}> {
  const finals: FinalObject[] = []
  let replying = 0
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', headers, url: path = '/' } = incoming
    const passed = requestHttp(new URL(path, target), { method, headers, agent: false }, answer => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      let held = ''
      answer.on('data', (chunk: Buffer) => {
        outgoing.write(chunk)
        if (path !== '/api/chat') return
        const lines = (held + chunk).split('\n')
        held = lines.pop() ?? ''
        for (const line of lines) if (/"done":true/.test(line)) finals.push(JSON.parse(line))
      })
      answer.on('end', () => outgoing.end())
      answer.on('error', () => outgoing.destroy())
    })
    passed.on('error', () => outgoing.destroy())
    if (path === '/api/chat') {
      replying += 1
      passed.once('close', () => {
        replying -= 1
      })
    }
    outgoing.on('close', () => passed.destroy())
    incoming.pipe(passed)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    finals,
    replying: () => replying,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
