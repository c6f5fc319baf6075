import Type from 'typebox'
import Value from 'typebox/value'
import type { Config } from '../../../server/config.ts'
import { type Finding, finding } from '../finding.ts'
import { answersAt } from './network.ts'

const ANSWER_WITHIN_MS = 5000
const RESTART = 'Restart the server, so that it runs with the settings of now.'

/** RFC 9110, 5.6.2: what the name of a subprotocol may be made of. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

const ModelList = Type.Object({ data: Type.Array(Type.Object({ id: Type.String() })) })

/** What clients of OpenAI's API need of the server that runs here; nothing where none does. */
export async function examineDoors(
  { PUBLIC_URL, AUTH_TOKEN }: Pick<Config, 'PUBLIC_URL' | 'AUTH_TOKEN'>,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (!(await answersAt(PUBLIC_URL))) return []
  const within = () => AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)])
  const withoutKey = await modelsAt(PUBLIC_URL, null, within())
  const withKey = AUTH_TOKEN === null ? withoutKey : await modelsAt(PUBLIC_URL, AUTH_TOKEN, within())
  return [
    keyFinding(withoutKey, withKey, AUTH_TOKEN !== null),
    modelsFinding(withKey, PUBLIC_URL),
    await realtimeFinding(PUBLIC_URL, AUTH_TOKEN),
  ]
}

/** The models that are told there, else why not: the HTTP status, or what went wrong. */
async function modelsAt(url: string, key: string | null, signal: AbortSignal): Promise<string[] | string> {
  try {
    const headers: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` }
    const answer = await fetch(`${url}/v1/models`, { headers, signal })
    if (!answer.ok) return String(answer.status)
    const list: unknown = await answer.json()
    return Value.Check(ModelList, list)
      ? list.data.map(({ id }) => id)
      : 'another answer than a list of models'
  } catch (error) {
    return (error as Error).message
  }
}

function keyFinding(withoutKey: string[] | string, withKey: string[] | string, hasKey: boolean): Finding {
  const what = 'key of clients'
  const why = "Clients of OpenAI's API send what they are given as a key; here it is AUTH_TOKEN."
  const asks = withoutKey === '401'
  if (hasKey && !asks) {
    const found = 'the server takes requests without one, though AUTH_TOKEN is set'
    return finding(what, found, { state: 'wrong', mend: RESTART, why: 'Whoever reaches it may use it.' }, why)
  }
  if (withKey === '401') {
    const mend = hasKey ? RESTART : 'Set AUTH_TOKEN here as it is set where the server was started.'
    const found = hasKey
      ? 'the server has another than AUTH_TOKEN'
      : 'the server wants one, and AUTH_TOKEN is not set'
    return finding(what, found, { state: 'wrong', mend }, why)
  }
  return finding(what, asks ? 'AUTH_TOKEN is taken, and nothing else' : 'none is asked for', null, why)
}

function modelsFinding(models: string[] | string, url: string): Finding {
  const what = 'OpenAI REST'
  const why = 'Clients look there for what they may ask for.'
  if (typeof models === 'string') {
    const mend = 'See what the log of the server says of /v1/models.'
    return finding(what, `${url}/v1/models answers ${models}`, { state: 'wrong', mend }, why)
  }
  return finding(what, `${url}/v1 has ${models.length} models`, null, why)
}

async function realtimeFinding(url: string, key: string | null): Promise<Finding> {
  const what = 'OpenAI Realtime'
  const why = 'Clients talk there.'
  const address = `${url.replace(/^http/, 'ws')}/v1/realtime`
  if (key !== null && !TOKEN.test(key)) {
    const mend = 'Take letters, digits and -._~ for AUTH_TOKEN where browsers are to use Realtime.'
    const found = 'AUTH_TOKEN has letters that browsers cannot send there'
    return finding(what, found, { state: 'note', mend }, why)
  }
  const trouble = await troubleAt(address, key)
  if (trouble === null) return finding(what, `a session begins at ${address}`, null, why)
  const mend = 'See what the log of the server says; a proxy in front has to pass on WebSockets.'
  return finding(what, `no session begins at ${address}: ${trouble}`, { state: 'wrong', mend }, why)
}

/** Why no session begins there; null where one does. */
async function troubleAt(address: string, key: string | null): Promise<string | null> {
  const subprotocols = key === null ? ['realtime'] : ['realtime', `openai-insecure-api-key.${key}`]
  const told = Promise.withResolvers<string | null>()
  const socket = new WebSocket(address, subprotocols)
  const timer = setTimeout(() => told.resolve('nothing came'), ANSWER_WITHIN_MS)
  socket.addEventListener('message', ({ data }) => {
    const { type, error } = JSON.parse(String(data))
    told.resolve(type === 'session.created' ? null : (error?.message ?? `"${type}" came first`))
  })
  for (const end of ['error', 'close'] as const)
    socket.addEventListener(end, () => told.resolve('the connection was refused or closed'))
  try {
    return await told.promise
  } finally {
    clearTimeout(timer)
    socket.close()
  }
}
