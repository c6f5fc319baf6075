import type { NetworkInterfaceInfo } from 'node:os'
import { type Config, isLoopback } from '../../../server/config.ts'

export type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>

/** Of docker, virtual machines and the like: nobody's phone is there. */
const VIRTUAL = /^(docker|br-|veth|virbr|vmnet|vboxnet|cni|flannel|podman|lxc)/

/** IPv4 addresses by which other devices may reach this machine, those of home networks first. */
export function lanAddresses(interfaces: Interfaces): string[] {
  const found = Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses
      .filter(
        ({ family, internal, address }) => family === 'IPv4' && !internal && !/^169\.254\./.test(address),
      )
      .map(({ address }) => ({ address, isVirtual: VIRTUAL.test(name) })),
  )
  const rank = ({ address, isVirtual }: (typeof found)[number]) =>
    (isVirtual ? 2 : 0) + (/^(192\.168|10)\./.test(address) ? 0 : 1)
  return found.toSorted((a, b) => rank(a) - rank(b)).map(({ address }) => address)
}

const isWildcard = (host: string) => host === '0.0.0.0' || host === '::'

/**
 * Listening on every address, the server is called by those of this machine; who set no `PUBLIC_URL` is to be told the ones that
 * other devices can open, and they are to work.
 */
export function calledByAddress(config: Config, publicUrlByHand: boolean, interfaces: Interfaces): Config {
  const addresses = lanAddresses(interfaces)
  if (!isWildcard(config.HOST) || publicUrlByHand || addresses.length === 0) return config
  const { protocol } = new URL(config.PUBLIC_URL)
  const [first, ...others] = addresses.map(address => `${protocol}//${address}:${config.PORT}`)
  return {
    ...config,
    PUBLIC_URL: first ?? config.PUBLIC_URL,
    // Commands on this machine go on calling it by what the settings say.
    ALLOWED_ORIGINS: [...config.ALLOWED_ORIGINS, config.PUBLIC_URL, ...others],
  }
}

/** What the start line adds of other devices, a line each; nothing where the server is for this machine only. */
export function aboutOtherDevices(config: Config, url: string): string[] {
  if (isLoopback(config.HOST)) return []
  const { hostname, protocol } = new URL(url)
  if (isWildcard(hostname.replace(/^\[|\]$/g, '')) || isLoopback(hostname))
    return [
      'Other devices cannot open that address: set PUBLIC_URL to the name or address by which they reach this machine.',
    ]
  if (protocol === 'https:') return []
  return [
    'Browsers on other devices give a page no microphone over http: "quantvox serve --lan" sets up https.',
  ]
}
