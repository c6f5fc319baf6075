import { get as getPlain } from 'node:http'
import { get as getSecure } from 'node:https'

const ANSWER_WITHIN_MS = 1_000
const MOST_BYTES = 1_000

/** The address of the Quantvox that has this port already; null where another program has it. */
export async function quantvoxAt(host: string, port: number): Promise<string | null> {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  for (const scheme of ['http', 'https'] as const) {
    const url = `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}`
    if (isAlive(await answerOf(`${url}/livez`))) return url
  }
  return null
}

function isAlive(text: string): boolean {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null && 'status' in body && body.status === 'alive'
  } catch {
    return false
  }
}

/** Nothing is sent that anybody could want, so whose certificate it is does not matter. */
function answerOf(url: string): Promise<string> {
  const get = url.startsWith('https:') ? getSecure : getPlain
  return new Promise(resolve => {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS)
    const asked = get(url, { signal, rejectUnauthorized: false, agent: false }, answer => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (part: string) => {
        text += part
        if (text.length > MOST_BYTES) asked.destroy()
      })
      answer.on('close', () => resolve(text))
    })
    asked.on('error', () => resolve(''))
  })
}
