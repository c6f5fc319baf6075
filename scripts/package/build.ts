import { copyFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { ensurePage } from '../page/build.ts'

/**
 * What `npm pack` runs before it: makes `dist` with the server and its commands as JavaScript, because Node strips no types below
 * `node_modules`, and with the page as it is served.
 */

const root = resolve(import.meta.dirname, '../..')
const dist = join(root, 'dist')

/** Another file as a module names it, to import it, to run it as a process or thread, or to read it. */
const REFERENCE = /'(\.{1,2}\/[^'\n]+\.(?:ts|json|py))'/g

async function build(): Promise<void> {
  await rm(dist, { recursive: true, force: true })
  await add(join(root, 'scripts/commands/index.ts'), new Set())
  // The one folder that is read as a whole.
  await cp(join(root, 'server/lab/clips'), join(dist, 'server/lab/clips'), { recursive: true })
  await cp(await ensurePage(text => process.stderr.write(`${text}\n`)), join(dist, 'page'), {
    recursive: true,
  })
}

/** A file and all that it refers to. Types become blanks, as when Node runs the sources: lines and columns stay. */
async function add(path: string, added: Set<string>): Promise<void> {
  if (added.has(path)) return
  added.add(path)
  const target = join(dist, relative(root, path))
  await mkdir(dirname(target), { recursive: true })
  if (!path.endsWith('.ts')) {
    await copyFile(path, target)
    return
  }
  const code = stripTypeScriptTypes(await readFile(path, 'utf8'))
  await writeFile(
    target.replace(/\.ts$/, '.js'),
    code.replace(REFERENCE, reference => reference.replace(/\.ts'$/, ".js'")),
  )
  for (const [, name = ''] of code.matchAll(REFERENCE)) await add(resolve(dirname(path), name), added)
}

await build()
