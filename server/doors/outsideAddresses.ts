import { networkInterfaces } from 'node:os'

/** This machine's addresses that others can reach, not those of a single link. */
export function outsideAddresses(): { address: string; family: 'IPv4' | 'IPv6' }[] {
  return Object.values(networkInterfaces())
    .flatMap(addresses => addresses ?? [])
    .filter(({ internal, scopeid }) => !internal && !scopeid)
}
