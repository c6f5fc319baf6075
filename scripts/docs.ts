import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { inKubernetes } from './docs/kubernetes.ts'
import { protocolParts } from './docs/protocol.ts'
import { configTable, envExample } from './docs/settings.ts'

/** `npm run docs`: writes the parts of the documentation that are made from schemas. `--check` only says what is stale. */

const root = resolve(import.meta.dirname, '..')
const check = process.argv.includes('--check')
let stale = 0

async function put(file: string, text: string): Promise<void> {
  const path = resolve(root, file)
  if ((await readFile(path, 'utf8')) === text) return
  stale++
  if (check) process.stderr.write(`${file} is stale: run "npm run docs"\n`)
  else await writeFile(path, text)
}

/** The page with what stands between `<!-- name -->` and `<!-- end of name -->` made anew. */
async function filled(file: string, parts: Record<string, () => string>): Promise<string> {
  let page = await readFile(resolve(root, file), 'utf8')
  for (const [name, make] of Object.entries(parts)) {
    const marks = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- end of ${name} -->)`)
    if (!marks.test(page)) throw new Error(`${file} has no marks for "${name}"`)
    page = page.replace(marks, (_all, begin: string, end: string) => `${begin}${make()}${end}`)
  }
  return page
}

await put('README.md', await filled('README.md', { settings: configTable }))
await put('docs/protocol.md', await filled('docs/protocol.md', protocolParts))
await put('.env.example', envExample())
for (const [file, made] of [
  ['haproxy.cfg', 'edge.cfg'],
  ['router.cfg', 'router.cfg'],
]) {
  const text = await readFile(resolve(root, `docs/operations/${file}`), 'utf8')
  await put(`docs/operations/kubernetes/${made}`, inKubernetes(text))
}
process.exitCode = check && stale > 0 ? 1 : 0
