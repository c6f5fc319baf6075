import { hostname } from 'node:os'
import multicastDns from 'multicast-dns'
import { sleep } from '../../abort.ts'
import type { Log } from '../../log.ts'
import { outsideAddresses } from '../outsideAddresses.ts'

const TYPE = '_wyoming._tcp.local'
const SERVICES = '_services._dns-sd._udp.local'
/** Seconds; RFC 6762 section 10: less for what may change with the network. */
const [LONG_TTL, SHORT_TTL] = [4500, 120]
/** Those who browse already hear of it twice, a second apart (RFC 6762 section 8.3). */
const ANNOUNCED_AGAIN_MS = 1000

export type Place = { host: string; port: number }

type ServiceRecord = { name: string; ttl: number } & (
  | { type: 'PTR' | 'A' | 'AAAA'; data: string }
  | { type: 'TXT'; data: string[] }
  | { type: 'SRV'; data: { target: string; port: number } }
)

/**
 * What is told of the service, `_wyoming._tcp` of DNS-SD (RFC 6763); the first is the pointer to it.
 * The machine has a name for this alone, so that nothing contradicts what its own responder says of it.
 */
export function recordsOf({ host, port }: Place): ServiceRecord[] {
  const label = (hostname().split('.')[0] ?? '').slice(0, 40)
  const name = `Quantvox ${label} ${port}.${TYPE}`
  const target = `quantvox-${label}.local`
  return [
    { type: 'PTR', name: TYPE, ttl: LONG_TTL, data: name },
    { type: 'PTR', name: SERVICES, ttl: LONG_TTL, data: TYPE },
    { type: 'SRV', name, ttl: SHORT_TTL, data: { target, port } },
    { type: 'TXT', name, ttl: LONG_TTL, data: [''] },
    ...addressesOf(host).map((data): ServiceRecord => {
      return { type: data.includes(':') ? 'AAAA' : 'A', name: target, ttl: SHORT_TTL, data }
    }),
  ]
}

/** Those that others can reach: all that the machine has where it listens at all of them. */
function addressesOf(host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host]
  return outsideAddresses()
    .filter(({ family }) => host === '::' || family === 'IPv4')
    .map(({ address }) => address)
}

/**
 * Tells who browses the network where the service is, until it is stopped; that there is no network to tell is no failure.
 * Of the libraries, `@homebridge/ciao` may end the process, and `bonjour-service` has no word of addresses and failures.
 */
export function announce(place: Place, log: Log, mdns = onNetwork(place)) {
  const stopped = new AbortController()
  const failed = (error: Error) => log.warn({ err: error }, 'Wyoming is not announced on the network')
  const tell = (records: ServiceRecord[]) =>
    new Promise<void>(settle => {
      mdns.respond(records, error => {
        if (error) log.debug({ err: error }, 'an announcement of Wyoming was not sent')
        settle()
      })
    })

  mdns.on('error', failed)
  mdns.on('warning', error => log.debug({ err: error }, 'multicast DNS'))
  mdns.on('query', ({ questions = [] }) => {
    const records = recordsOf(place)
    const answers = records.filter(record =>
      questions.some(({ type, name }) => {
        // `type` may be one that the types of the package do not have.
        const wanted: string = type
        return (
          (wanted === 'ANY' || wanted === record.type) && name.toLowerCase() === record.name.toLowerCase()
        )
      }),
    )
    if (answers.length === 0) return
    const additionals = records.filter(record => !answers.includes(record) && record.name !== SERVICES)
    mdns.respond({ answers, additionals })
  })
  mdns.once('ready', async () => {
    await tell(recordsOf(place))
    await sleep(ANNOUNCED_AGAIN_MS, stopped.signal).then(
      () => tell(recordsOf(place)),
      () => {},
    )
  })

  return {
    /** Tells that it is gone. */
    async stop(): Promise<void> {
      stopped.abort()
      await tell(recordsOf(place).map(record => ({ ...record, ttl: 0 })))
      await new Promise<void>(settle => mdns.destroy(settle))
    },
  }
}

const isEverywhere = (host: string) => host === '0.0.0.0' || host === '::' || host.includes(':')

/** A socket that is bound to one address hears no multicast. */
const onNetwork = ({ host }: Place) =>
  multicastDns({ bind: '0.0.0.0', ...(isEverywhere(host) ? {} : { interface: host }) })
