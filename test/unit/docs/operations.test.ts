import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorTable } from '../../../server/errors.ts'
import { Settings } from '../../../server/settings.ts'

const docs = resolve(import.meta.dirname, '../../../docs')
const page = readFileSync(join(docs, 'operations.md'), 'utf8')
const section = (title: string) => page.split('\n## ').find(part => part.startsWith(title)) ?? ''
const file = (name: string) => readFileSync(join(docs, 'operations', name), 'utf8')

describe('docs/operations.md', () => {
  test('says of every error code what it means to an operator, and of no other', () => {
    const told = [...section('What each error code').matchAll(/^\| (.+?) \|/gm)].flatMap(([, cell]) =>
      [...(cell ?? '').matchAll(/`(\w+)`/g)].map(([, code]) => code),
    )
    expect(told.toSorted()).toEqual(Object.keys(errorTable).toSorted())
  })

  test('names settings that there are', () => {
    const others = [
      'NO_PROXY',
      'NODE_EXTRA_CA_CERTS',
      'HTTP_PROXY',
      'HTTPS_PROXY',
      'SIGTERM',
      'SIGINT',
      'SIGHUP',
      'SIGKILL',
      'DELETE',
      'GET',
    ]
    const named = [...page.matchAll(/`([A-Z][A-Z_]{3,})`/g)].map(([, name]) => name ?? '')
    expect(named.filter(name => !(name in Settings.properties) && !others.includes(name))).toEqual([])
  })

  test('links to files and sections that there are', () => {
    const links = [...page.matchAll(/\]\((?!http)([^)#]+)/g)].map(([, path]) => path ?? '')
    expect(links.length).toBeGreaterThan(5)
    expect(links.filter(path => !existsSync(join(docs, path)))).toEqual([])
  })
})

describe('the files beside it', () => {
  test('give a stop more time than the server takes for it', () => {
    const stop: unknown =
      'default' in Settings.properties.STOP_SECONDS && Settings.properties.STOP_SECONDS.default
    const unit = file('quantvox.service')
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])).toBeGreaterThanOrEqual(Number(stop) + 15)
    expect(unit).toMatch(/^KillMode=mixed$/m)
  })

  test('let uploads of MAX_UPLOAD_MB through, with the form around them', () => {
    const most =
      'default' in Settings.properties.MAX_UPLOAD_MB && Number(Settings.properties.MAX_UPLOAD_MB.default)
    expect(Number(/client_max_body_size (\d+)m;/.exec(file('nginx.conf'))?.[1])).toBeGreaterThan(Number(most))
    // Caddy counts a megabyte as 10^6 bytes, the setting as 2^20.
    const caddy = Number(/max_size (\d+)MB/.exec(file('Caddyfile'))?.[1]) * 1e6
    expect(caddy).toBeGreaterThan(Number(most) * 2 ** 20)
  })
})
