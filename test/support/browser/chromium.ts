import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, chromium } from 'playwright-core'
import packed from '../../../node_modules/@sparticuz/chromium/package.json' with { type: 'json' }
import { testCacheDir } from '../engines/realEngines.ts'

const run = promisify(execFile)

export type BrowserOptions = {
  /** Played again and again as what the microphone hears; without it, beeps. */
  microphone?: string
  /** False: the person at the browser refuses it. */
  allowsMicrophone?: boolean
  /** Names that lead to this machine, as a name server would say. */
  hostNames?: string[]
}

/** A real Chromium: the one that npm carries where it runs (Linux on x64), else the machine's Chrome. */
export async function launchBrowser({
  microphone,
  allowsMicrophone = true,
  hostNames = [],
}: BrowserOptions = {}): Promise<Browser> {
  const args = [
    '--no-sandbox',
    '--use-fake-device-for-media-stream',
    allowsMicrophone ? '--use-fake-ui-for-media-stream' : '--use-fake-ui-for-media-stream=deny',
    // Sound begins with a tap or not at all, as for people.
    '--autoplay-policy=user-gesture-required',
    ...(microphone === undefined ? [] : [`--use-file-for-fake-audio-capture=${microphone}`]),
    ...(hostNames.length === 0
      ? []
      : [`--host-resolver-rules=${hostNames.map(name => `MAP ${name} 127.0.0.1`).join(',')}`]),
  ]
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return chromium.launch({ channel: 'chrome', args })
  const home = await unpacked()
  return chromium.launch({
    executablePath: join(home, 'chromium'),
    args,
    env: {
      ...environment(),
      // A bare Debian has neither NSS nor fonts; what the machine has goes first.
      LD_LIBRARY_PATH: [process.env.LD_LIBRARY_PATH, join(home, 'al2023/lib')].filter(Boolean).join(':'),
      ...(existsSync('/etc/fonts/fonts.conf') ? {} : { FONTCONFIG_FILE: await ownFonts(home) }),
    },
  })
}

function environment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

/** Where the package's fonts are; its own file names the place that they have in a cloud function. */
async function ownFonts(home: string): Promise<string> {
  const file = join(home, 'fonts.conf')
  const path = join(home, 'fonts')
  await writeFile(file, `<fontconfig><dir>${path}</dir><cachedir>${path}-cache</cachedir></fontconfig>`)
  return file
}

/** The package's archives, unpacked once into the cache; whole or not at all, as test files may do it side by side. */
async function unpacked(): Promise<string> {
  const home = join(testCacheDir(), 'chromium', packed.version)
  if (existsSync(home)) return home
  const partial = `${home}.partial-${process.pid}`
  await mkdir(partial, { recursive: true })
  const archives = join(import.meta.dirname, '../../../node_modules/@sparticuz/chromium/bin')
  // It unpacks into the folder for temporary files, and only that of its own process can be chosen.
  const script = `
    import chromium, { inflate } from '@sparticuz/chromium'
    await chromium.executablePath()
    await inflate(${JSON.stringify(join(archives, 'al2023.tar.br'))})`
  await run(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: import.meta.dirname,
    env: { ...process.env, TMPDIR: partial },
  })
  await rename(partial, home).catch(async error => {
    await rm(partial, { recursive: true, force: true })
    if (!existsSync(home)) throw error
  })
  return home
}
