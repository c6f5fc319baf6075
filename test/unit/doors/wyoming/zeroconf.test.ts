import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import multicastDns, { type ResponsePacket } from 'multicast-dns'
import { expect, onTestFinished, test } from 'vitest'
import { announce, recordsOf } from '../../../../server/doors/wyoming/zeroconf.ts'
import { quietLog } from '../../../support/quietLog.ts'

const place = { host: '192.0.2.7', port: 10_300 }

async function bound(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}

/** Announces to one listener on this machine instead of the network. */
async function announced() {
  const [own, other] = [await bound(), await bound()]
  const portOf = (socket: Socket) => socket.address().port
  const alone = { bind: false, multicast: false, ip: '127.0.0.1' } as const
  const listener = multicastDns({ ...alone, socket: other, port: portOf(own) })
  onTestFinished(() => listener.destroy())
  const packets: ResponsePacket[] = []
  listener.on('response', packet => packets.push(packet))
  const mdns = multicastDns({ ...alone, socket: own, port: portOf(other) })
  const announcing = announce(place, quietLog(), mdns)
  const ask = (name: string, type: 'PTR' | 'MX') => listener.query([{ name, type }])
  return { packets, announcing, ask }
}

test('says where the service is, once it is there, when it is asked for, and that it is gone', async () => {
  const { packets, announcing, ask } = await announced()
  await expect.poll(() => packets.length).toBeGreaterThan(0)
  const [first] = packets
  const name = first?.answers?.find(record => record.type === 'SRV')?.name ?? ''
  expect(name).toMatch(/^Quantvox .*10300\._wyoming\._tcp\.local$/)
  expect(first).toMatchObject({ type: 'response', flag_aa: true })
  expect(first?.answers).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ type: 'PTR', name: '_wyoming._tcp.local', data: name }),
      expect.objectContaining({ type: 'A', data: '192.0.2.7' }),
    ]),
  )

  ask('_WYOMING._tcp.local', 'PTR')
  const answer = () => packets.find(({ additionals }) => (additionals?.length ?? 0) > 0)
  await expect.poll(answer).toBeDefined()
  expect(answer()?.answers).toMatchObject([{ type: 'PTR', data: name }])
  expect(answer()?.additionals?.map(({ type }) => type)).toEqual(['SRV', 'TXT', 'A'])

  await announcing.stop()
  await expect
    .poll(() => packets.at(-1)?.answers?.every(record => 'ttl' in record && record.ttl === 0))
    .toBe(true)
})

test('says nothing to who asks for something else', async () => {
  const { packets, announcing, ask } = await announced()
  onTestFinished(() => announcing.stop())
  await expect.poll(() => packets.length).toBeGreaterThan(0)
  const before = packets.length
  ask('_http._tcp.local', 'PTR')
  ask('_wyoming._tcp.local', 'MX')
  ask('_services._dns-sd._udp.local', 'PTR')
  await expect.poll(() => packets.slice(before).some(({ answers }) => answers?.length === 1)).toBe(true)
  const asked = packets.slice(before).filter(({ answers }) => answers?.length === 1)
  expect(asked.map(({ answers }) => answers?.[0])).toMatchObject([
    { type: 'PTR', data: '_wyoming._tcp.local' },
  ])
})

test('has of all addresses those that others reach', () => {
  const own = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? [])
  const reachable = own.filter(({ internal, family }) => !internal && family === 'IPv4')
  const told = recordsOf({ host: '0.0.0.0', port: 1 }).filter(({ type }) => type === 'A')
  expect(told.map(({ data }) => data)).toEqual(reachable.map(({ address }) => address))
})
