import { randomBytes, X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { renderUnicodeCompact } from 'uqr'
import { type Config, isLoopback } from '../../../server/config.ts'
import type { OutsideAddress } from '../../../server/doors/outsideAddresses.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import { PRIVATE_FILE, PRIVATE_FOLDER } from '../../../server/files/privateFiles.ts'
import { lanAddresses } from './addresses.ts'
import { newKey, selfSigned } from './certificate.ts'

const FOLDER = 'lan'
const OWNER_ONLY = { mode: PRIVATE_FILE }
/** It is made anew before it ends. */
const DAYS_LEFT = 30
const DAY_MS = 24 * 60 * 60_000

/**
 * What `serve --lan` sets where nobody did: every address, a token and a certificate that are kept in `DATA_DIR`, and the first
 * address of this machine as the one that browsers use.
 * @param byHand whether somebody set that setting
 */
export function openToLan(
  config: Config,
  byHand: (name: string) => boolean,
  outside: readonly OutsideAddress[],
  now = new Date(),
): Config {
  const addresses = lanAddresses(outside)
  const [first] = addresses
  if (first === undefined) {
    throw new QuantvoxError(
      'invalid_request',
      'This machine has no address that other devices could reach.',
      {
        mend: 'Join a network first, or start without --lan.',
      },
    )
  }
  const folder = join(config.DATA_DIR, FOLDER)
  mkdirSync(folder, { recursive: true, mode: PRIVATE_FOLDER })
  const token = config.AUTH_TOKEN ?? keptToken(join(folder, 'token'))
  const tls =
    config.TLS_CERT !== null
      ? { TLS_CERT: config.TLS_CERT, TLS_KEY: config.TLS_KEY }
      : keptCertificate(
          folder,
          [...addresses, hostname(), `${hostname()}.local`, 'localhost', '127.0.0.1'],
          now,
        )
  const urls = addresses.map(address => `https://${address}:${config.PORT}`)
  return {
    ...config,
    ...tls,
    HOST: byHand('HOST') && !isLoopback(config.HOST) ? config.HOST : '0.0.0.0',
    AUTH_TOKEN: token,
    PUBLIC_URL: byHand('PUBLIC_URL') ? config.PUBLIC_URL : `https://${first}:${config.PORT}`,
    ALLOWED_ORIGINS: [...config.ALLOWED_ORIGINS, ...urls, `https://${hostname()}.local:${config.PORT}`],
  }
}

/** The address as a picture for a phone's camera, for a terminal. */
export const qrCode = (url: string): string => `${renderUnicodeCompact(url, { border: 2 })}\n`

function keptToken(file: string): string {
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(24).toString('hex')}\n`, OWNER_ONLY)
  return readFileSync(file, 'utf8').trim()
}

function keptCertificate(
  folder: string,
  names: readonly string[],
  now: Date,
): { TLS_CERT: string; TLS_KEY: string } {
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  if (!existsSync(keyFile)) writeFileSync(keyFile, newKey(), OWNER_ONLY)
  const key = readFileSync(keyFile, 'utf8')
  if (!isGood(certFile, names, now)) writeFileSync(certFile, selfSigned(key, names, now), OWNER_ONLY)
  return { TLS_CERT: certFile, TLS_KEY: keyFile }
}

/** There, for all these names, and good for a while. A machine gets new addresses. */
function isGood(file: string, names: readonly string[], now: Date): boolean {
  if (!existsSync(file)) return false
  const { subjectAltName = '', validToDate } = new X509Certificate(readFileSync(file))
  const known = new Set(subjectAltName.split(', ').map(entry => entry.replace(/^(DNS|IP Address):/, '')))
  return names.every(name => known.has(name)) && validToDate.getTime() - now.getTime() > DAYS_LEFT * DAY_MS
}
