import { type Config, isLoopback } from '../../../server/config.ts'
import type { OutsideAddress } from '../../../server/doors/outsideAddresses.ts'

/** Of docker, virtual machines and the like: nobody's phone is there. */
const VIRTUAL = /^(docker|br-|veth|virbr|vmnet|vboxnet|cni|flannel|podman|lxc)/

/** IPv4 addresses by which other devices may reach this machine, those of home networks first. */
export function lanAddresses(outside: readonly OutsideAddress[]): string[] {
  const rank = ({ address, interfaceName }: OutsideAddress) =>
    (VIRTUAL.test(interfaceName) ? 2 : 0) + (/^(192\.168|10)\./.test(address) ? 0 : 1)
  return outside
    .filter(({ family }) => family === 'IPv4')
    .toSorted((a, b) => rank(a) - rank(b))
    .map(({ address }) => address)
}

const isWildcard = (host: string) => host === '0.0.0.0' || host === '::'

/**
 * Listening on every address, the server is called by those of this machine; who set no `PUBLIC_URL` is to be told the ones that
 * other devices can open, and they are to work.
 */
export function calledByAddress(
  config: Config,
  publicUrlByHand: boolean,
  outside: readonly OutsideAddress[],
): Config {
  const addresses = lanAddresses(outside)
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
