import { chmod, copyFile, cp, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { loadConfig } from '../server/config.ts'
import { toQuantvoxError } from '../server/errors.ts'
import { ensurePortableWhisper } from '../server/setup/index.ts'
import { runProgram } from '../server/setup/programs.ts'
import { createProgressView } from './commands/progressView.ts'
import { carried } from './image/carried.ts'
import { ensurePage } from './page/build.ts'

/**
 * `image.ts OUT`: makes the folder OUT with all that the container image adds to its base: the server with its page and its
 * production dependencies under `app`, programs under `usr/local/bin`. The Dockerfile runs it, and so does
 * test/e2e/image.test.ts, which then starts a server from OUT.
 */

const root = resolve(import.meta.dirname, '..')

async function assembleImage(out: string, say: (text: string) => void): Promise<void> {
  const { config } = loadConfig()
  const view = createProgressView(process.stderr)
  const context = {
    cacheDir: config.CACHE_DIR,
    onProgress: view.onProgress,
    signal: new AbortController().signal,
  }
  const app = join(out, 'app')
  const programs = join(out, 'usr/local/bin')
  await mkdir(out)
  await mkdir(app)
  await mkdir(programs, { recursive: true })

  const page = await ensurePage(say)
  const whisper = await ensurePortableWhisper(context)
  view.done()
  for (const path of [whisper.serverPath, whisper.quantizePath, join(root, 'scripts/image/quantvox')]) {
    await copyFile(path, join(programs, basename(path)))
    await chmod(join(programs, basename(path)), 0o755)
  }
  const dist = join(root, 'client/dist')
  for (const name of carried)
    await cp(join(root, name), join(app, name), { recursive: true, filter: path => !path.startsWith(dist) })
  await cp(page, join(app, 'client/dist', basename(page)), { recursive: true })

  say('installing production dependencies')
  await runProgram('npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: app,
    signal: context.signal,
  })
  await pruneForeign(join(app, 'node_modules/onnxruntime-node/bin'))
  say(`${out} holds ${Math.round((await sizeOf(out)) / 1e6)} MB`)
}

/** The package carries its library for five platforms, 244 MB of which no image needs. */
async function pruneForeign(bin: string): Promise<void> {
  const ours = `${process.platform}/${process.arch}`
  for (const api of await readdir(bin))
    for (const platform of await readdir(join(bin, api)))
      for (const arch of await readdir(join(bin, api, platform)))
        if (`${platform}/${arch}` !== ours) await rm(join(bin, api, platform, arch), { recursive: true })
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size
  return bytes
}

try {
  const [out] = process.argv.slice(2)
  if (out === undefined) throw new Error('usage: image.ts OUT')
  await assembleImage(resolve(out), text => process.stderr.write(`image: ${text}\n`))
} catch (error) {
  const { line } = toQuantvoxError(error)
  process.stderr.write(`${line}\n${error instanceof Error ? error.stack : ''}\n`)
  process.exitCode = 1
}
