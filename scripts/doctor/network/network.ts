import { X509Certificate } from 'node:crypto'
import { connect, createServer } from 'node:net'
import type { Config } from '../../../server/config.ts'
import { isLoopback } from '../../../server/config.ts'
import { createEventReader, eventBytes } from '../../../server/doors/wyoming/framing.ts'
import { regularText } from '../../../server/files/readJson.ts'
import { type Finding, finding } from '../finding.ts'

const DAY_MS = 24 * 60 * 60_000
/** Certificates of Let's Encrypt are renewed 30 days before they end. */
const RENEWED_DAYS = 21

/** The ports, and whether browsers will give the page a microphone. */
export async function examineNetwork(config: Config): Promise<Finding[]> {
  return [await port(config), ...(await wyoming(config)), microphone(config), ...(await certificate(config))]
}

async function port({ HOST, PORT, PUBLIC_URL }: Config): Promise<Finding> {
  const why = 'Browsers and programs reach the server there.'
  const taken = await inTheWayAt(HOST, PORT)
  if (taken === null) return finding('port', `${HOST}:${PORT} is free`, null, why)
  if (await answersAt(PUBLIC_URL)) return finding('port', `Quantvox answers at ${PUBLIC_URL}`, null, why)
  return finding(
    'port',
    `${HOST}:${PORT} cannot be used (${taken})`,
    { state: 'wrong', mend: 'Stop the other program, or set PORT.' },
    why,
  )
}

/** What keeps a server from listening there; null where nothing does. */
function inTheWayAt(host: string, port: number): Promise<string | null> {
  return new Promise(settle => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message))
    probe.listen(port, host, () => probe.close(() => settle(null)))
  })
}

/** The port for Home Assistant, where one is set. */
async function wyoming({ HOST, WYOMING_PORT }: Config): Promise<Finding[]> {
  if (WYOMING_PORT === null) return []
  const why = 'Home Assistant reaches the server there.'
  const place = `${HOST}:${WYOMING_PORT}`
  const taken = await inTheWayAt(HOST, WYOMING_PORT)
  const isOurs = taken !== null && (await answersWyoming(HOST, WYOMING_PORT))
  if (taken !== null && !isOurs) {
    const problem = { state: 'wrong', mend: 'Stop the other program, or set WYOMING_PORT.' } as const
    return [finding('wyoming', `${place} cannot be used (${taken})`, problem, why)]
  }
  const found = isOurs ? `Wyoming is spoken at ${place}` : `${place} is free`
  if (isLoopback(HOST)) return [finding('wyoming', found, null, why)]
  return [
    finding(
      'wyoming',
      `${found}, open to the network`,
      {
        state: 'note',
        mend: 'Let a firewall admit only Home Assistant to it, or leave HOST alone where that runs on this machine.',
        why: 'The protocol has no authentication: whoever reaches the port may speak, listen, ask, and have tools called.',
      },
      why,
    ),
  ]
}

/** Whether a ping is answered there. */
function answersWyoming(host: string, port: number): Promise<boolean> {
  const reader = createEventReader()
  return new Promise(settle => {
    const socket = connect(port, host, () => socket.write(eventBytes('ping')))
    socket.setTimeout(1000, () => socket.destroy())
    socket.on('error', () => {})
    socket.on('data', chunk => {
      try {
        if (Array.from(reader.push(chunk)).some(({ type }) => type === 'pong')) settle(true)
      } catch {
        // Of another protocol.
      }
      socket.destroy()
    })
    socket.on('close', () => settle(false))
  })
}

/** Whether a server of ours runs there. */
export async function answersAt(url: string): Promise<boolean> {
  return await fetch(`${url}/livez`, { signal: AbortSignal.timeout(1000) }).then(
    answer => answer.ok,
    () => false,
  )
}

/** Browsers give a microphone to secure contexts only: https, or this machine (W3C, Secure Contexts). */
function microphone({ PUBLIC_URL, AUTH_TOKEN }: Config): Finding {
  const { protocol, hostname } = new URL(PUBLIC_URL)
  const isSecure = protocol === 'https:' || isLoopback(hostname)
  const readable = AUTH_TOKEN === null ? '' : ' AUTH_TOKEN crosses the network readable, too.'
  return finding(
    'microphone',
    isSecure ? `browsers allow it at ${PUBLIC_URL}` : `browsers refuse it at ${PUBLIC_URL}`,
    isSecure
      ? null
      : {
          state: 'wrong',
          mend: 'Set TLS_CERT and TLS_KEY, or put a proxy with https in front, and make PUBLIC_URL https.',
          why: `The page gets a microphone over https or on this machine only.${readable}`,
        },
    'The page can only listen where the browser allows it.',
  )
}

async function certificate({ TLS_CERT, TLS_KEY, PUBLIC_URL }: Config): Promise<Finding[]> {
  if (TLS_CERT === null || TLS_KEY === null) return []
  const why = 'Browsers warn of, or refuse, a server whose certificate is not in order.'
  const wrong = (found: string, mend: string) => [
    finding('certificate', found, { state: 'wrong', mend }, why),
  ]
  let read: X509Certificate
  try {
    read = new X509Certificate(await regularText(TLS_CERT))
    await regularText(TLS_KEY)
  } catch (error) {
    return wrong(`TLS_CERT and TLS_KEY cannot be read (${(error as Error).message})`, 'Check both files.')
  }
  const { hostname } = new URL(PUBLIC_URL)
  const name = hostname.replace(/^\[|\]$/g, '')
  const daysLeft = (read.validToDate.getTime() - Date.now()) / DAY_MS
  if (daysLeft < 0) return wrong(`it ended on ${read.validTo}`, 'Renew it, and restart the server.')
  if (read.checkHost(name) === undefined && read.checkIP(name) === undefined) {
    return wrong(
      `it is not for ${name}, the name in PUBLIC_URL, but for ${read.subjectAltName ?? read.subject}`,
      'Get one for that name, or set PUBLIC_URL to a name that it is for.',
    )
  }
  const mend = 'Renew it, and restart the server.'
  return [
    finding(
      'certificate',
      `for ${name}, until ${read.validTo}`,
      daysLeft < RENEWED_DAYS ? { state: 'note', mend } : null,
      why,
    ),
  ]
}
