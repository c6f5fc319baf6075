import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, expect } from 'vitest'
import { freePort } from '../../../server/engines/ports.ts'
import { useHaproxy } from '../pools/haproxy.ts'

const configuration = resolve(import.meta.dirname, '../../../docs/operations/haproxy.cfg')

/** Gives the address of HAProxy before these servers, with the configuration of docs/operations. */
type Balance = (replicas: readonly { url: string }[]) => Promise<string>

/** A real HAProxy for the tests of a file, ended after each of them; null where it cannot be had. */
export function useBalancer(): () => Promise<Balance | null> {
  const find = useHaproxy()
  const folders: string[] = []
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  })
  return async () => {
    const haproxy = await find()
    if (haproxy === null) return null
    return async replicas => {
      const port = await freePort()
      let text = readFileSync(configuration, 'utf8').replace('bind :80', `bind 127.0.0.1:${port}`)
      for (const [i, { url }] of replicas.entries())
        text = text.replaceAll(`10.0.0.1${i + 1}:3000`, new URL(url).host)
      const folder = mkdtempSync(join(tmpdir(), 'quantvox-balancer-'))
      folders.push(folder)
      const file = join(folder, 'haproxy.cfg')
      writeFileSync(file, text)
      await haproxy.start(file, port)
      const url = `http://127.0.0.1:${port}`
      await expect.poll(() => statusOf(`${url}/livez`), { timeout: 30_000 }).toBe(200)
      return url
    }
  }
}

/** 0 where nobody listens any more. */
export const statusOf = (url: string): Promise<number> =>
  fetch(url).then(
    ({ status }) => status,
    () => 0,
  )
