import { networkInterfaces } from 'node:os'

export type OutsideAddress = { address: string; family: 'IPv4' | 'IPv6'; interfaceName: string }

/** This machine's addresses that others can reach, not those of a single link. */
export function outsideAddresses(interfaces = networkInterfaces()): OutsideAddress[] {
  return Object.entries(interfaces)
    .flatMap(([interfaceName, addresses = []]) => addresses.map(entry => ({ ...entry, interfaceName })))
    .filter(({ internal, scopeid, address }) => !internal && !scopeid && !address.startsWith('169.254.'))
    .map(({ address, family, interfaceName }) => ({ address, family, interfaceName }))
}
