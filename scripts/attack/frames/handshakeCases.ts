import type { Reaction } from './frameAttack.ts'
import { type Case, handshake } from './wire.ts'

/** Refused with this status, and the connection ended. */
const refused =
  (...statuses: number[]) =>
  ({ status, hungUp }: Reaction) =>
    statuses.includes(status) && hungUp ? null : `not refused with ${statuses}`

export const handshakeCases: Case[] = [
  { name: 'no key', bytes: handshake({ 'sec-websocket-key': null }), expected: refused(400) },
  ...['', 'x', 'dGhlIHNhbXBsZSBub25jZQ', `${'A'.repeat(23)}=`, 'A'.repeat(5000)].map(key => ({
    name: `key ${key.slice(0, 30)}`,
    bytes: handshake({ 'sec-websocket-key': key }),
    expected: refused(400),
  })),
  ...[null, '', '0', '7', '14', '-13', '13, 8', 'x'].map(version => ({
    name: `version ${version}`,
    bytes: handshake({ 'sec-websocket-version': version }),
    expected: refused(400, 426),
  })),
  ...['POST', 'PUT', 'DELETE'].map(method => ({
    name: method,
    bytes: handshake({}, `${method} /v1/voice HTTP/1.1`),
    expected: refused(400, 404, 405),
  })),
  ...['/v1/nothing', '/v1/voice/', '/v1/voice%00', '//v1/voice', '/../v1/voice'].map(path => ({
    name: path,
    bytes: handshake({}, `GET ${path} HTTP/1.1`),
    expected: refused(400, 404, 426),
  })),
  // A server may pass over the wish to upgrade.
  ...['/livez', '/v1/turns'].map(path => ({
    name: path,
    bytes: handshake({}, `GET ${path} HTTP/1.1`),
    expected: refused(200),
  })),
  ...['http://evil.example', 'null', 'https://localhost.evil.example', 'file://', 'x'].map(origin => ({
    name: `origin ${origin}`,
    bytes: handshake({ origin }),
    expected: refused(403),
  })),
  ...['evil.example', '192.0.2.1', '', 'localhost.evil.example'].map(host => ({
    name: `host ${host}`,
    bytes: handshake({ host }),
    expected: refused(400, 403),
  })),
  { name: 'no host', bytes: handshake({ host: null }), expected: refused(400, 403) },
  { name: 'headers of 20 KB', bytes: handshake({ 'x-a': 'a'.repeat(20_000) }), expected: refused(431) },
  ...[
    'GARBAGE\r\n\r\n',
    '\0\0\0\0\r\n\r\n',
    'GET\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n',
  ].map(text => ({
    name: JSON.stringify(text),
    bytes: Buffer.from(text, 'latin1'),
    expected: refused(400, 505),
  })),
]
