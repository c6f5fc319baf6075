import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, statSync } from 'node:fs'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { aboutOtherDevices, calledByAddress, lanAddresses } from '../../../scripts/commands/lan/addresses.ts'
import { newKey, selfSigned } from '../../../scripts/commands/lan/certificate.ts'
import { openToLan, qrCode } from '../../../scripts/commands/lan/openToLan.ts'
import { readConfig } from '../../../server/config.ts'
import { type OutsideAddress, outsideAddresses } from '../../../server/doors/outsideAddresses.ts'

const DAY_MS = 24 * 3600 * 1000

const at = (address: string, more: Partial<NetworkInterfaceInfo> = {}): NetworkInterfaceInfo =>
  ({
    address,
    family: 'IPv4',
    internal: false,
    netmask: '',
    mac: '',
    cidr: null,
    ...more,
  }) as NetworkInterfaceInfo

const outside = outsideAddresses({
  lo: [at('127.0.0.1', { internal: true })],
  docker0: [at('172.17.0.1')],
  wg0: [at('100.64.0.5')],
  wlan0: [at('fe80::1', { family: 'IPv6', scopeid: 3 } as Partial<NetworkInterfaceInfo>), at('192.168.1.5')],
  eth9: [at('169.254.3.3')],
})

function configOf(environment: Record<string, string>) {
  const DATA_DIR = mkdtempSync(join(tmpdir(), 'quantvox-lan-'))
  const { config, origins } = readConfig({ flags: {}, environment: { DATA_DIR, ...environment }, dotEnv: {} })
  return { config, byHand: (name: string) => origins[name] !== 'default' }
}

test('of the addresses of a machine the one of the home network comes first', () => {
  expect(lanAddresses(outside)).toEqual(['192.168.1.5', '100.64.0.5', '172.17.0.1'])
})

describe('the certificate', () => {
  test('is one that TLS takes, for the names that it is asked for', async () => {
    const key = newKey()
    const cert = selfSigned(key, ['192.168.1.5', 'host.local', '127.0.0.1'], new Date())
    const read = new X509Certificate(cert)
    expect(read.checkIP('192.168.1.5')).toBe('192.168.1.5')
    expect(read.checkHost('host.local')).toBe('host.local')
    expect(read.checkIP('192.168.1.6')).toBeUndefined()
    expect(read.verify(read.publicKey)).toBe(true)
    expect(read.ca).toBe(false)
    expect(read.validToDate.getTime() - read.validFromDate.getTime()).toBeLessThanOrEqual(825 * DAY_MS)
    const server = createServer({ key, cert }, (_asked, answer) => answer.end('heard'))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const heard = await new Promise<string>((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, ca: cert, agent: false }, answer => {
        answer.setEncoding('utf8')
        answer.on('data', resolve)
      })
      asked.on('error', reject)
      asked.end()
    })
    expect(heard).toBe('heard')
    await new Promise(resolve => server.close(resolve))
  })
})

describe('serve --lan', () => {
  test('sets every address, https, a token and what browsers call it', () => {
    const { config, byHand } = configOf({})
    const open = openToLan(config, byHand, outside)
    expect(open).toMatchObject({ HOST: '0.0.0.0', PUBLIC_URL: 'https://192.168.1.5:3000' })
    expect(open.AUTH_TOKEN).toMatch(/^[\da-f]{48}$/)
    expect(open.ALLOWED_ORIGINS).toContain('https://100.64.0.5:3000')
    for (const file of [open.TLS_CERT, open.TLS_KEY, join(config.DATA_DIR, 'lan/token')])
      expect(statSync(file ?? '').mode & 0o777).toBe(0o600)
    expect(qrCode(open.PUBLIC_URL)).toMatch(/^[ █▀▄\n]{300,}$/)
  })

  test('keeps token and certificate, and makes a new certificate for a new address and before it ends', () => {
    const { config, byHand } = configOf({})
    const certificate = (at: readonly OutsideAddress[], now?: Date) => {
      const { TLS_CERT, AUTH_TOKEN } = openToLan(config, byHand, at, now)
      return { cert: readFileSync(TLS_CERT ?? '', 'utf8'), token: AUTH_TOKEN }
    }
    const first = certificate(outside)
    expect(certificate(outside)).toEqual(first)
    const moved = certificate(outsideAddresses({ wlan0: [at('10.0.0.7')] }))
    expect(moved.token).toBe(first.token)
    expect(moved.cert).not.toBe(first.cert)
    const later = certificate(
      outsideAddresses({ wlan0: [at('10.0.0.7')] }),
      new Date(Date.now() + 800 * DAY_MS),
    )
    expect(later.cert).not.toBe(moved.cert)
  })

  test('leaves alone what was set by hand, and is refused where there is no network', () => {
    const set = {
      HOST: '192.168.1.5',
      AUTH_TOKEN: 'sixteen-characters',
      PUBLIC_URL: 'https://voice.example',
      TLS_CERT: 'c',
      TLS_KEY: 'k',
    }
    const { config, byHand } = configOf(set)
    expect(openToLan(config, byHand, outside)).toMatchObject(set)
    const onlyHere = configOf({ HOST: '127.0.0.1' })
    expect(openToLan(onlyHere.config, onlyHere.byHand, outside).HOST).toBe('0.0.0.0')
    expect(() => openToLan(config, byHand, [])).toThrow(/no address/)
  })
})

describe('the start line', () => {
  const AUTH_TOKEN = 'sixteen-characters'

  test('tells an address that other devices can open, and it is answered', () => {
    const { config, byHand } = configOf({ HOST: '0.0.0.0', AUTH_TOKEN })
    const called = calledByAddress(config, byHand('PUBLIC_URL'), outside)
    expect(called.PUBLIC_URL).toBe('http://192.168.1.5:3000')
    expect(called.ALLOWED_ORIGINS).toEqual(
      expect.arrayContaining(['http://172.17.0.1:3000', 'http://0.0.0.0:3000']),
    )
    expect(aboutOtherDevices(called, called.PUBLIC_URL).join()).toMatch(/no microphone over http.*--lan/)
  })

  test.each([
    [{}, 'http://127.0.0.1:3000', /^$/],
    [{ HOST: '0.0.0.0', AUTH_TOKEN }, 'http://0.0.0.0:3000', /cannot open that address.*PUBLIC_URL/],
    [{ HOST: '::', AUTH_TOKEN, PUBLIC_URL: 'http://localhost:3000' }, 'http://localhost:3000', /PUBLIC_URL/],
    [{ HOST: '0.0.0.0', AUTH_TOKEN, PUBLIC_URL: 'https://voice.example' }, 'https://voice.example', /^$/],
  ] as [Record<string, string>, string, RegExp][])('%o at %s', (environment, url, told) => {
    const { config, byHand } = configOf(environment)
    const none = calledByAddress(config, byHand('PUBLIC_URL'), [])
    expect(none.PUBLIC_URL).toBe(url)
    expect(aboutOtherDevices(none, url).join()).toMatch(told)
  })
})
