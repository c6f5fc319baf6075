import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { carried } from '../../scripts/image/carried.ts'
import { readConfig } from '../../server/config.ts'
import { GO_TIMEOUT_MS, goIsMissing, readCompose, readDockerfile } from '../support/readFormats.ts'

const root = join(import.meta.dirname, '../..')
const token = 'a-token-of-sixteen-and-more'
/** Those of whoever runs the tests must not count; to compose an empty one is a missing one. */
const noVariables = { AUTH_TOKEN: '', ALLOWED_ORIGINS: '', PUBLIC_URL: '', QUANTVOX_OLLAMA_HOST: '' }
const load = (environment: Record<string, string> = { AUTH_TOKEN: token }, ...profiles: string[]) =>
  readCompose(join(root, 'docker-compose.yml'), profiles, { ...noVariables, ...environment })

describe.skipIf(goIsMissing)(
  'docker-compose.yml, as compose itself reads it',
  { timeout: GO_TIMEOUT_MS },
  () => {
    test('has two services, and ours waits until Ollama is healthy', async () => {
      const { services } = await load()
      expect(Object.keys(services).toSorted()).toEqual(['ollama', 'quantvox'])
      expect(services.quantvox?.depends_on?.ollama).toMatchObject({
        condition: 'service_healthy',
        required: true,
      })
      expect(services.ollama).toMatchObject({
        image: expect.stringMatching(/^ollama\/ollama:\d+\.\d+\.\d+$/),
        healthcheck: { test: ['CMD', 'ollama', 'list'] },
      })
    })

    test('does not start without a token, and says how to get one', async () => {
      await expect(load({})).rejects.toThrow(/AUTH_TOKEN.*openssl rand/)
    })

    test('publishes one port, on loopback; Grafana has its own where it is asked for', async () => {
      const published = async (...profiles: string[]) => {
        const { services } = await load({ AUTH_TOKEN: token }, ...profiles)
        return Object.entries(services).flatMap(([name, { ports = [] }]) =>
          ports.map(({ host_ip, published, target }) => `${name} ${host_ip}:${published}:${target}`),
        )
      }
      expect(await published()).toEqual(['quantvox 127.0.0.1:3000:3000'])
      expect(await published('gpu')).toEqual(['quantvox 127.0.0.1:3000:3000'])
      expect((await published('observability')).toSorted()).toEqual([
        'grafana 127.0.0.1:3001:3000',
        'quantvox 127.0.0.1:3000:3000',
      ])
    })

    test('keeps data and models in volumes and lets our container write nowhere else', async () => {
      const { services, volumes } = await load()
      const mounts = services.quantvox?.volumes?.map(({ type, source, target }) => [type, source, target])
      expect(mounts).toEqual([
        ['volume', 'data', '/data'],
        ['volume', 'models', '/cache'],
      ])
      expect(services.ollama?.volumes?.map(({ target }) => target)).toEqual(['/root/.ollama'])
      for (const name of ['data', 'models', 'ollama']) expect(Object.keys(volumes)).toContain(name)
      expect(services.quantvox).toMatchObject({ read_only: true, cap_drop: ['ALL'], tmpfs: ['/tmp'] })
    })

    test('gives the server settings that it takes, and lets Prometheus and browsers in', async () => {
      const { services } = await load({ AUTH_TOKEN: token, ALLOWED_ORIGINS: 'https://voice.example.org' })
      const { config } = readConfig({
        flags: {},
        environment: services.quantvox?.environment ?? {},
        dotEnv: {},
      })
      expect(config).toMatchObject({
        HOST: '0.0.0.0',
        PORT: 3000,
        AUTH_TOKEN: token,
        OLLAMA_HOST: 'http://ollama:11434',
        ollamaHostSetByHand: true,
        PUBLIC_URL: 'http://127.0.0.1:3000',
        ALLOWED_ORIGINS: ['http://quantvox:3000', 'https://voice.example.org'],
      })
      const [scrape] = parse(
        readFileSync(join(root, 'docs/observability/prometheus.yml'), 'utf8'),
      ).scrape_configs
      expect(config.ALLOWED_ORIGINS).toContain(`http://${scrape.static_configs[0].targets[0]}`)
    })

    test('has an Ollama with a GPU in the profile gpu, to which one variable leads', async () => {
      const environment = { AUTH_TOKEN: token, QUANTVOX_OLLAMA_HOST: 'http://ollama-gpu:11434' }
      const { services } = await load(environment, 'gpu')
      expect(services.quantvox?.environment?.OLLAMA_HOST).toBe('http://ollama-gpu:11434')
      expect(services['ollama-gpu']).toMatchObject({
        image: services.ollama?.image,
        healthcheck: { test: ['CMD', 'ollama', 'list'] },
        deploy: { resources: { reservations: { devices: [{ driver: 'nvidia', capabilities: ['gpu'] }] } } },
      })
    })

    test('has Prometheus with the token and Grafana with the dashboard in the profile observability', async () => {
      const { services, secrets } = await load({ AUTH_TOKEN: token }, 'observability')
      const { prometheus, grafana } = services
      const [scrape] = parse(
        readFileSync(join(root, 'docs/observability/prometheus.yml'), 'utf8'),
      ).scrape_configs
      expect(scrape.authorization.credentials_file).toBe(`/run/secrets/${prometheus?.secrets?.[0]?.source}`)
      expect(secrets?.auth_token).toMatchObject({ environment: 'AUTH_TOKEN' })
      expect(grafana?.environment?.GF_SECURITY_ADMIN_PASSWORD).toBe(token)
      for (const { type, source } of [...(prometheus?.volumes ?? []), ...(grafana?.volumes ?? [])])
        if (type === 'bind') expect(existsSync(source), source).toBe(true)
    })
  },
)

describe.skipIf(goIsMissing)('the Dockerfile, as BuildKit reads it', { timeout: GO_TIMEOUT_MS }, () => {
  const read = async () => {
    const dockerfile = await readDockerfile(readFileSync(join(root, 'Dockerfile'), 'utf8'))
    const [build, image] = dockerfile.stages
    if (build === undefined || image === undefined) throw new Error('there are not two stages')
    return { ...dockerfile, build, image }
  }

  test('passes its checks, in two stages on one base, so that what is built runs', async () => {
    const { problems, stages, build, image } = await read()
    expect(problems).toEqual([])
    expect(stages).toHaveLength(2)
    expect(build.base).toBe(image.base)
    // The launcher would fetch another Node.
    const major = /NODE_MAJOR = (\d+)/.exec(readFileSync(join(root, 'scripts/quantvox.mjs'), 'utf8'))?.[1]
    expect(image.base).toMatch(new RegExp(`^node:${major}-`))
  })

  test('assembles the image by the script that the tests run, from what the context has', async () => {
    const { build, image } = await read()
    const script = /node scripts\/quantvox\.mjs --script (\S+) \/image$/.exec(
      build.commands.at(-1) ?? '',
    )?.[1]
    expect(script).toBe('scripts/image.ts')
    expect(image.commands.filter(command => command.startsWith('COPY'))).toEqual([
      'COPY --from=build /image/ /',
    ])
    // The script's parts are in the context, and nothing of a user is.
    const [first, ...context] = readFileSync(join(root, '.dockerignore'), 'utf8').trim().split('\n')
    expect(first).toBe('**')
    const names = context.filter(line => line.startsWith('!')).map(line => line.slice(1))
    expect(names.toSorted()).toEqual(carried.toSorted())
    for (const name of names) expect(existsSync(join(root, name)), name).toBe(true)
  })

  test('runs as another user than root, is asked at /readyz, and serves', async () => {
    const { image } = await read()
    expect(image.commands).toEqual(
      expect.arrayContaining(['USER node', 'ENTRYPOINT ["quantvox"]', 'CMD ["serve"]']),
    )
    const healthCheck = image.commands.find(command => command.startsWith('HEALTHCHECK'))
    expect(healthCheck).toContain('CMD ["node", "/app/scripts/image/healthy.mjs"]')
    expect(readFileSync(join(root, 'scripts/image/healthy.mjs'), 'utf8')).toContain('/readyz')
  })
})
