import { connect } from 'node:net'

const ANSWERS_WITHIN_MS = 5_000
const MAX_ANSWER_CHARACTERS = 2 ** 20

/**
 * One command to HAProxy's runtime API, and what it says: nothing where a `set server` was done.
 * @param socket path of its admin socket, or host:port
 */
export async function tellRouter(socket: string, command: string): Promise<string> {
  const [, host, port] = /^([^/]+):(\d+)$/.exec(socket) ?? []
  const connection = port === undefined ? connect(socket) : connect(Number(port), host)
  connection.setTimeout(ANSWERS_WITHIN_MS, () => connection.destroy(new Error('it does not answer')))
  connection.write(`${command}\n`)
  let answer = ''
  for await (const part of connection.setEncoding('utf8')) {
    answer += part
    if (answer.length > MAX_ANSWER_CHARACTERS) throw new Error('its answer is too long to be one')
  }
  return answer.trim()
}
