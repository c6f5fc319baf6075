import { execFile } from 'node:child_process'
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const scale = join(import.meta.dirname, '../../../docs/scale.md')

/**
 * A certificate authority in this folder, by the commands of docs/scale.md. Gives a folder for each of these names, with ca.pem and, in
 * host.pem, its certificate and key.
 */
export async function createAuthority<Name extends string>(
  folder: string,
  names: readonly Name[],
): Promise<Record<Name, string>> {
  const [, commands] = /```sh\n(openssl req -x509[\s\S]*?)```/.exec(await readFile(scale, 'utf8')) ?? []
  if (commands === undefined) throw new Error('docs/scale.md makes no certificates')
  await mkdir(folder)
  const script = commands.replace(/for name in .*; do/, `for name in ${names.join(' ')}; do`)
  await promisify(execFile)('sh', ['-ec', script], { cwd: folder })
  const folders = await Promise.all(
    names.map(async (name): Promise<[Name, string]> => {
      const own = join(folder, `${name}-host`)
      await mkdir(own)
      await copyFile(join(folder, `${name}.pem`), join(own, 'host.pem'))
      await copyFile(join(folder, 'ca.pem'), join(own, 'ca.pem'))
      return [name, own]
    }),
  )
  return Object.fromEntries(folders) as Record<Name, string>
}
