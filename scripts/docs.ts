import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
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

const readme = await readFile(resolve(root, 'README.md'), 'utf8')
await put(
  'README.md',
  readme.replace(/(<!-- settings -->\n)[\s\S]*?(<!-- end of settings -->)/, `$1${configTable()}$2`),
)
await put('.env.example', envExample())
process.exitCode = check && stale > 0 ? 1 : 0
