import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { chmod, chown, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import Value from 'typebox/value'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createOllama } from '../../server/engines/ollama/ollama.ts'
import { freePort } from '../../server/engines/ports.ts'
import { ServerInfo } from '../../server/protocol/info.ts'
import { realOllama, realSpeechModel, testCacheDir } from '../support/engines/realEngines.ts'
import { answerOf, askClip, clip } from '../support/liveServer.ts'
import { quietLog } from '../support/quietLog.ts'
import { GO_TIMEOUT_MS, goIsMissing, readCompose, readDockerfile } from '../support/readFormats.ts'

/**
 * No container engine is needed: what the image adds to its base is assembled by the script that the Dockerfile runs,
 * and a server is started from it as the image and docker-compose.yml would, as a user that owns none of it.
 */

const root = resolve(import.meta.dirname, '../..')
const token = 'a-token-of-sixteen-and-more'
/** Debian's required packages, Node with its headers, npm: what the base of the image holds at most. */
const BASE_BYTES = 300e6
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

const ollama = createOllama({
  host: 'http://127.0.0.1:9',
  hostSetByHand: false,
  program: realOllama,
  modelsDir: join(testCacheDir(), 'ollama'),
  env: { OLLAMA_NOPRUNE: '1' },
  log: quietLog(),
})
let place: string
let image: string
let environment: Record<string, string>
let server: ChildProcess
let readyLine = ''
const inImage = (...path: string[]) => join(image, ...path)

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'quantvox-image-'))
  image = join(place, 'image')
  const assembling = spawn(process.execPath, [
    join(root, 'scripts/quantvox.mjs'),
    '--script',
    'scripts/image.ts',
    image,
  ])
  const said = text(assembling.stderr)
  const [code] = await once(assembling, 'close')
  expect(code, await said).toBe(0)
}, 900_000)

afterAll(async () => {
  server?.kill('SIGKILL')
  await ollama.stop()
  await rm(place, { recursive: true, force: true })
})

/** Every file with its size and when it was changed. */
function filesOf(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  return new Map(paths.map(path => [path, `${statSync(path).size} ${statSync(path).mtimeMs}`]))
}

describe('what the image adds to its base', () => {
  test('leaves the whole under 600 MB without models', () => {
    const bytes = [...filesOf(image).keys()].reduce((sum, path) => sum + statSync(path).size, 0)
    console.info(`the image adds ${Math.round(bytes / 1e6)} MB to its base`)
    expect(bytes + BASE_BYTES).toBeLessThan(600e6)
  })

  test('has no dependency of development and no library of another platform', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
    const onlyForDevelopment = Object.keys(devDependencies).filter(
      name => packages[`node_modules/${name}`]?.dev,
    )
    expect(onlyForDevelopment).toContain('vitest')
    for (const name of onlyForDevelopment)
      expect(existsSync(inImage('app/node_modules', name)), name).toBe(false)
    const libraries = [...filesOf(inImage('app/node_modules/onnxruntime-node/bin')).keys()].map(path =>
      dirname(path),
    )
    expect([...new Set(libraries)].map(path => path.split('/').slice(-2))).toEqual([
      [process.platform, process.arch],
    ])
  })

  test('has the page, and nothing of a user or of the tests', () => {
    expect(readdirSync(inImage('app')).toSorted()).toEqual([
      '.npmrc',
      'LICENSE',
      'client',
      'models',
      'node_modules',
      'package-lock.json',
      'package.json',
      'scripts',
      'server',
    ])
    const [build, ...others] = readdirSync(inImage('app/client/dist'))
    expect(others).toEqual([])
    expect(existsSync(inImage('app/client/dist', build ?? '', 'index.html'))).toBe(true)
  })
})

describe.skipIf(goIsMissing)('a server started from it as docker-compose.yml says', () => {
  let port: number
  let before: Map<string, string>

  /** By another name than the address, as Prometheus asks. */
  const ask = (path: string, headers: Record<string, string>) =>
    new Promise<{ status: number | undefined; body: string }>((settle, refuse) => {
      request({ host: '127.0.0.1', port, path, headers }, async answer =>
        settle({ status: answer.statusCode, body: await text(answer) }),
      )
        .on('error', refuse)
        .end()
    })

  const healthCheck = async () => {
    const script = inImage('app/scripts/image/healthy.mjs')
    const [code] = await once(spawn(process.execPath, [script], { env: { PORT: String(port) } }), 'close')
    return code
  }

  beforeAll(async () => {
    port = await freePort()
    const [data, cache, base] = ['data', 'cache', 'base'].map(name => join(place, name)) as [
      string,
      string,
      string,
    ]
    await mkdir(join(cache, 'models/speech'), { recursive: true })
    await mkdir(data)
    await mkdir(base)
    // Node of the base; this one may lie in a folder that only its owner may enter.
    await copyFile(process.execPath, join(base, 'node'))
    const model = await realSpeechModel('whisper-tiny.en-q8_0')
    for (const file of [model.path, `${model.path}.json`])
      await cp(file, join(cache, 'models/speech', basename(file)), { preserveTimestamps: true })
    if (nobody.uid !== undefined) {
      await chmod(place, 0o755)
      for (const entry of [
        data,
        cache,
        ...(await readdir(cache, { recursive: true })).map(name => join(cache, name)),
      ])
        await chown(entry, nobody.uid, nobody.gid)
    }
    const dockerfile = await readDockerfile(readFileSync(join(root, 'Dockerfile'), 'utf8'))
    const { services } = await readCompose(join(root, 'docker-compose.yml'), [], {
      AUTH_TOKEN: token,
      ALLOWED_ORIGINS: '',
      PUBLIC_URL: '',
      // Had without Ollama's registry, too.
      LLM_MODEL: 'smollm2:135m-instruct-q4_K_M',
      QUANTVOX_OLLAMA_HOST: await ollama.url(),
    })
    environment = {
      ...dockerfile.stages.at(-1)?.environment,
      ...services.quantvox?.environment,
      PATH: `${inImage('usr/local/bin')}:${base}:/usr/bin:/bin`,
      PORT: String(port),
      DATA_DIR: data,
      CACHE_DIR: cache,
      NODE_COMPILE_CACHE: join(cache, 'compile-cache'),
    }
    before = filesOf(image)
    server = spawn(inImage('usr/local/bin/quantvox'), ['serve'], {
      env: environment,
      cwd: inImage('app'),
      stdio: ['ignore', 'pipe', 'inherit'],
      ...nobody,
    })
    for await (const line of createInterface({ input: server.stdout as NodeJS.ReadableStream })) {
      readyLine = line
      break
    }
  }, GO_TIMEOUT_MS)

  test('is ready, and says where with the token', async () => {
    expect(readyLine).toMatch(
      /^Quantvox is ready after .* http:\/\/127\.0\.0\.1:3000\/#token=a-token-of-sixteen-and-more$/,
    )
    expect(await healthCheck()).toBe(0)
  })

  test('uses the other Ollama and the programs of the image', async () => {
    const { body } = await ask('/v1/info', { authorization: `Bearer ${token}` })
    const info: unknown = JSON.parse(body)
    Value.Assert(ServerInfo, info)
    expect(info.engines.find(({ name }) => name === 'ollama')).toMatchObject({
      owned: false,
      where: await ollama.url(),
      state: 'ready',
    })
    const pid = /process (\d+)/.exec(
      info.engines.find(({ name }) => name === 'whisper-server')?.where ?? '',
    )?.[1]
    expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).toContain(inImage('usr/local/bin/whisper-server'))
    if (nobody.uid !== undefined)
      expect(await readFile(`/proc/${pid}/status`, 'utf8')).toMatch(new RegExp(`^Uid:\\s+${nobody.uid}`, 'm'))
  })

  test('answers a spoken question to whoever has the token', async () => {
    const url = `http://127.0.0.1:${port}`
    expect((await askClip(url, clip('azure-weather'))).status).toBe(401)
    const answer = await answerOf(
      askClip(url, clip('azure-weather'), {}, undefined, { authorization: `Bearer ${token}` }),
    )
    expect(answer).toMatchObject({
      transcript: expect.stringMatching(/weather/i),
      timings: { outcome: 'completed' },
    })
  })

  test('shows the page to a browser and the metrics to Prometheus, by the names that those use', async () => {
    const page = await ask('/', { host: '127.0.0.1:3000' })
    expect([page.status, page.body]).toEqual([200, expect.stringContaining('<script')])
    const scraped = await ask('/metrics', { host: 'quantvox:3000', authorization: `Bearer ${token}` })
    expect([scraped.status, scraped.body]).toEqual([
      200,
      expect.stringContaining('quantvox_engine_up{engine="ollama"} 1'),
    ])
    for (const loaded of [
      'ollama",model="smollm2:',
      'whisper-server",model="whisper-tiny.en-q8_0"',
      'flite",',
    ])
      expect(scraped.body).toContain(`quantvox_engine_resident_bytes{engine="${loaded}`)
    expect((await ask('/metrics', { host: 'quantvox:3000' })).status).toBe(401)
  })

  test('has written nothing of its own outside data and cache, and stops when told to', async () => {
    server.kill('SIGTERM')
    expect(await once(server, 'close')).toEqual([0, null])
    expect(filesOf(image)).toEqual(before)
    expect(await healthCheck()).toBe(1)
  })
})
