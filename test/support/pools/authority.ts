import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc']

export type Authority = {
  /** A folder with ca.pem and, in host.pem, a certificate of this name with its key. */
  folderFor(name: string): Promise<string>
}

/** A certificate authority in this folder, made by openssl with the commands of docs/scale.md. */
export async function createAuthority(folder: string): Promise<Authority> {
  await mkdir(folder)
  const at = (name: string) => join(folder, name)
  await run('openssl', [
    ...['req', '-x509', ...KEY, '-days', '2', '-subj', '/CN=quantvox hosts'],
    ...['-keyout', at('ca.key'), '-out', at('ca.pem')],
  ])
  return {
    async folderFor(name) {
      const own = at(`${name}-host`)
      await mkdir(own, { recursive: true })
      const [key, request, certificate] = [at(`${name}.key`), at(`${name}.csr`), at(`${name}.pem`)]
      await run('openssl', [
        ...['req', ...KEY, '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`],
        ...['-keyout', key, '-out', request],
      ])
      await run('openssl', [
        ...['x509', '-req', '-in', request, '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-days', '2'],
        ...['-copy_extensions', 'copy', '-out', certificate],
      ])
      await writeFile(
        join(own, 'host.pem'),
        (await readFile(certificate, 'utf8')) + (await readFile(key, 'utf8')),
      )
      await writeFile(join(own, 'ca.pem'), await readFile(at('ca.pem')))
      return own
    },
  }
}
