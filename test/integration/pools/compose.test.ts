import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../../server/config.ts'
import { useHaproxy } from '../../support/pools/haproxy.ts'
import { GO_TIMEOUT_MS, goIsMissing, readCompose } from '../../support/readFormats.ts'

const root = join(import.meta.dirname, '../../..')
const secrets = { AUTH_TOKEN: 'a-token-of-sixteen-and-more', POSTGRES_PASSWORD: 'a-password-of-postgres' }
/** Those of whoever runs the tests must not count; to compose an empty one is a missing one. */
const none = { AUTH_TOKEN: '', POSTGRES_PASSWORD: '', PUBLIC_URL: '', LLM_MODEL: '', LLM_DIGEST: '' }
const load = (environment: Record<string, string> = secrets) =>
  readCompose(join(root, 'docker-compose.scale.yml'), [], { ...none, ...environment })
const engines = ['ollama-1', 'ollama-2', 'speech-1', 'speech-2']
const haproxy = useHaproxy()

describe.skipIf(goIsMissing)(
  'docker-compose.scale.yml, as compose itself reads it',
  { timeout: GO_TIMEOUT_MS },
  () => {
    test('publishes the edge alone, on loopback, and lets the router alone reach the engines', async () => {
      const { services, networks = {} } = await load()
      const published = Object.entries(services).flatMap(([name, { ports = [] }]) =>
        ports.map(({ host_ip, published, target }) => `${name} ${host_ip}:${published}:${target}`),
      )
      expect(published).toEqual(['edge 127.0.0.1:3000:80'])
      const inside = (network: string) =>
        Object.keys(services).filter(name => network in (services[name]?.networks ?? {}))
      const fetching = ['ollama-1-model', 'ollama-2-model', 'speech-model']
      expect(inside('engines').toSorted()).toEqual([...engines, ...fetching, 'router'].toSorted())
      expect(inside('pools')).toEqual(['router', 'voice-a', 'voice-b'])
      expect(inside('front')).toEqual(['edge', 'voice-a', 'voice-b'])
      expect(inside('record')).toEqual(['postgres', 'voice-a', 'voice-b'])
      for (const name of engines)
        expect(Object.keys(services[name]?.networks ?? {}), name).toEqual(['engines'])
      expect([networks.front, networks.record]).toMatchObject([{ internal: true }, { internal: true }])
    })

    test('has no secret in it, and says which are missing', async () => {
      await expect(load({ ...secrets, AUTH_TOKEN: '' })).rejects.toThrow(/AUTH_TOKEN.*openssl rand/)
      await expect(load({ ...secrets, POSTGRES_PASSWORD: '' })).rejects.toThrow(/POSTGRES_PASSWORD/)
      const { services } = await load()
      const told = (text: string) =>
        Object.keys(services).filter(name => JSON.stringify(services[name]).includes(text))
      expect(told(secrets.AUTH_TOKEN)).toEqual(['voice-a', 'voice-b'])
      expect(told(secrets.POSTGRES_PASSWORD)).toEqual(['postgres', 'voice-a', 'voice-b'])
    })

    test('gives no container more than it needs, tells whether each is well, and lets turns end', async () => {
      const { services } = await load()
      for (const [name, service] of Object.entries(services)) {
        expect(service.image, name).toMatch(
          /^(quantvox|haproxy:2\.8|postgres:18|ollama\/ollama:\d+\.\d+\.\d+)$/,
        )
        expect(service, name).toMatchObject({
          ...{ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] },
          tmpfs: expect.arrayContaining(['/tmp']),
        })
        // The image of quantvox has its own check.
        const ownCheck = name.startsWith('voice-') || name.endsWith('-model')
        if (!ownCheck) expect(service, name).toMatchObject({ healthcheck: { test: expect.any(Array) } })
      }
      for (const name of ['voice-a', 'voice-b', 'edge', 'router'])
        expect(services[name]).toMatchObject({ stop_grace_period: '40s' })
    })

    test('gives its servers settings that they take, a spool of their own and what they share', async () => {
      const { services, volumes } = await load()
      const read = (name: string) =>
        readConfig({ flags: {}, environment: services[name]?.environment ?? {}, dotEnv: {} }).config
      const [a, b] = [read('voice-a'), read('voice-b')]
      expect(a).toMatchObject({
        ...{
          ROLE: 'voice',
          REPLICA_ID: 'a',
          HOST: '0.0.0.0',
          DATA_DIR: '/data',
          AUTH_TOKEN: secrets.AUTH_TOKEN,
        },
        RECORD_URL: `postgres://quantvox:${secrets.POSTGRES_PASSWORD}@postgres/quantvox`,
        OLLAMA_HOST: 'http://router:11434',
        // Of the router's two hosts.
        SPEECH_URL: [0, 1].map(() => expect.objectContaining({ level: 'whisper-tiny.en-q8_0' })),
      })
      expect(a.MAX_SESSIONS).toBe(a.LLM_SLOTS)
      expect({ ...b, REPLICA_ID: 'a' }).toEqual(a)
      const mounts = (name: string) => services[name]?.volumes?.map(({ source, target }) => [source, target])
      for (const name of ['a', 'b'])
        expect(mounts(`voice-${name}`)).toEqual([
          [`data-${name}`, '/data'],
          [`cache-${name}`, '/cache'],
          ['replies', '/replies'],
        ])
      expect(mounts('postgres')).toEqual([['postgres', '/var/lib/postgresql']])
      for (const name of ['data-a', 'data-b', 'postgres']) expect(Object.keys(volumes)).toContain(name)
      // What the image gives to its user, so that a new volume is its own.
      expect(readFileSync(join(root, 'Dockerfile'), 'utf8')).toMatch(
        /--owner=node .* \/data \/cache \/replies$/m,
      )
    })

    test('has places, levels and addresses that agree', async () => {
      const { services } = await load()
      const [edge, router] = [services.edge?.environment, services.router?.environment]
      const at = (name: string, port: number) =>
        `${Object.values(services[name]?.networks ?? {}).find(network => network?.ipv4_address)?.ipv4_address}:${port}`
      expect(edge).toEqual({ VOICE_1: at('voice-a', 3000), VOICE_2: at('voice-b', 3000) })
      expect(router).toMatchObject({
        ...{ LLM_HOST_1: at('ollama-1', 11434), LLM_HOST_2: at('ollama-2', 11434) },
        ...{ SPEECH_HOST_1: at('speech-1', 8080), SPEECH_HOST_2: at('speech-2', 8080) },
        LLM_HOST_SLOTS: services['ollama-1']?.environment?.OLLAMA_NUM_PARALLEL,
        // Until it is set to a digest: what /api/tags says of the model that was pulled, its name.
        LLM_DIGEST: services['ollama-1-model']?.command?.[1],
      })
      expect(services['voice-a']?.environment?.LLM_MODEL).toBe(router?.LLM_DIGEST)
      const { config } = readConfig({
        flags: {},
        environment: services['voice-a']?.environment ?? {},
        dotEnv: {},
      })
      expect(readFileSync(join(root, 'docs/operations/haproxy.cfg'), 'utf8')).toContain(
        `mark-down maxconn ${config.MAX_SESSIONS} `,
      )
      const level = config.SPEECH_MODEL
      expect(services['speech-model']?.command).toEqual(['models', 'pull', level])
      expect(services['speech-1']?.command).toContain(`/cache/models/speech/${level}.bin`)
    })

    test('gives HAProxy configurations that it takes', async context => {
      const here = await haproxy()
      if (here === null) return context.skip()
      const { services } = await load()
      for (const name of ['edge', 'router']) {
        const file =
          services[name]?.volumes?.find(({ target }) => target.endsWith('haproxy.cfg'))?.source ?? ''
        await here.check(file, services[name]?.environment)
      }
      const { LLM_DIGEST: _, ...without } = services.router?.environment ?? {}
      await expect(here.check(join(root, 'docs/operations/router.cfg'), without)).rejects.toThrow(/expect/)
    })
  },
)
