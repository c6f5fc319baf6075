import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type ConfigSources, describeConfig, isLoopback, readConfig } from '../../../server/config.ts'
import { QuantvoxError } from '../../../server/errors.ts'

const read = (sources: Partial<ConfigSources> = {}) =>
  readConfig({ flags: {}, environment: {}, dotEnv: {}, ...sources })
const configOf = (environment: Record<string, string>) => read({ environment }).config

function refusal(work: () => unknown): QuantvoxError {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(QuantvoxError)
    return error as QuantvoxError
  }
  throw new Error('it was accepted')
}

test('SPEECH_URL names levels or not, and keeps passwords to itself', () => {
  const SPEECH_URL = 'whisper-tiny.en-q8_0=http://ada:secret@a:1/speech,http://b:2'
  const loaded = read({ environment: { SPEECH_URL } })
  expect(loaded.config.SPEECH_URL).toEqual([
    { level: 'whisper-tiny.en-q8_0', url: 'http://a:1/speech' },
    { level: null, url: 'http://b:2' },
  ])
  const shown = describeConfig(loaded).find(([name]) => name === 'SPEECH_URL')
  expect(shown?.[1]).toBe('whisper-tiny.en-q8_0=http://a:1/speech,http://b:2')
})

describe('where a setting comes from', () => {
  test('is a flag before the environment before .env before the default', () => {
    const places: [keyof ConfigSources, Record<string, string>][] = [
      ['flags', { PORT: '1001' }],
      ['environment', { PORT: '1002' }],
      ['dotEnv', { PORT: '1003' }],
    ]
    const found = places.map((_, from) => {
      const { config, origins } = read(Object.fromEntries(places.slice(from)))
      return [config.PORT, origins.PORT]
    })
    expect(found).toEqual([
      [1001, 'flag'],
      [1002, 'environment'],
      [1003, '.env'],
    ])
    const { config, origins } = read()
    expect([config.PORT, origins.PORT]).toEqual([3000, 'default'])
  })

  test('may be spelled with the prefix, which wins over the plain name at the same place only', () => {
    expect(configOf({ PORT: '1', QUANTVOX_PORT: '2' }).PORT).toBe(2)
    expect(read({ environment: { PORT: '1' }, dotEnv: { QUANTVOX_PORT: '2' } }).config.PORT).toBe(1)
    expect(read({ dotEnv: { QUANTVOX_PORT: '2' } }).origins.PORT).toBe('.env')
  })

  test('is not a value that is empty or blank', () => {
    expect(read({ flags: { PORT: '' }, environment: { PORT: ' ' }, dotEnv: { PORT: '7' } }).config.PORT).toBe(
      7,
    )
    expect(configOf({ AUTH_TOKEN: '' }).AUTH_TOKEN).toBeNull()
  })

  test('is the defaults of the documentation when nothing is set', () => {
    expect(read().config).toMatchObject({
      HOST: '127.0.0.1',
      PUBLIC_URL: 'http://127.0.0.1:3000',
      OLLAMA_HOST: 'http://127.0.0.1:11434',
      ollamaHostSetByHand: false,
      keepAliveSetByHand: false,
      SPEECH_MODEL: null,
      VOICE: null,
      SAVE_TEXT: true,
      SAVE_AUDIO: false,
      RETENTION_DAYS: 0,
      MAX_SESSIONS: 16,
      MAX_UTTERANCE_SECONDS: 60,
      MAX_UPLOAD_MB: 25,
      LOG_LEVEL: 'info',
      AUTH_TOKEN: null,
      ALLOWED_ORIGINS: [],
      SPEECH_URL: [],
    })
  })
})

describe('an unknown name', () => {
  test.each([
    ['QUANTVOX_LLM_MODLE', 'QUANTVOX_LLM_MODEL'],
    ['QUANTVOX_PROT', 'QUANTVOX_PORT'],
    ['QUANTVOX_SPEECH', 'QUANTVOX_SPEECH_URL'],
  ])('%s is refused with the nearest', (name, nearest) => {
    for (const place of ['environment', 'dotEnv'] as const) {
      const { code, message, mend } = refusal(() => read({ [place]: { [name]: 'x' } }))
      expect([code, message]).toEqual(['invalid_request', `There is no setting ${name}.`])
      expect(mend).toContain(nearest)
    }
  })

  test('without the prefix is none of our business', () => {
    expect(configOf({ LLM_MODLE: 'x', PATH: '/bin' }).LLM_MODEL).toBeNull()
  })
})

test.each([
  '300',
  '-1',
  '0',
  '1.5',
  '5m',
  '1h30m',
  '-1m',
  '+5m',
  '1.5h',
  '.5s',
  '100ms',
  '250us',
  '250µs',
  '1h0m0.5s',
  '90000000ns',
])('KEEP_ALIVE=%s is taken, as Ollama takes it', text => {
  expect(configOf({ KEEP_ALIVE: text })).toMatchObject({ KEEP_ALIVE: text, keepAliveSetByHand: true })
})

describe('a bad value', () => {
  test.each([
    ['PORT', 'abc'],
    ['PORT', '-1'],
    ['PORT', '65536'],
    ['PORT', '80.5'],
    ['PORT', '0x50'],
    ['PORT', '3e3'],
    ['MAX_SESSIONS', '0'],
    ['MAX_SESSIONS', 'true'],
    ['MAX_UPLOAD_MB', '1GB'],
    ['TEMPERATURE', '2.1'],
    ['TEMPERATURE', 'Infinity'],
    ['NUM_CTX', '100'],
    ['SEED', '-1'],
    ['SAVE_TEXT', 'maybe'],
    ['SAVE_AUDIO', '2'],
    ['LOG_LEVEL', 'loud'],
    ['KEEP_ALIVE', 'soon'],
    ['KEEP_ALIVE', '5 m'],
    ['KEEP_ALIVE', '1d'],
    ['KEEP_ALIVE', '1h30'],
    ['PUBLIC_URL', 'voice.example.org'],
    ['PUBLIC_URL', 'https://voice.example.org/path?query'],
    ['PUBLIC_URL', 'https://two words'],
    ['SYNTHESIS_URL', 'localhost:8000'],
    ['SPEECH_URL', 'localhost:8000'],
    ['SPEECH_URL', 'http://a:1,b'],
    ['SPEECH_URL', '=http://a:1'],
    ['LLM_SLOTS', '0'],
    ['ALLOWED_ORIGINS', 'example.org'],
    ['ALLOWED_ORIGINS', 'https://a.test,*'],
    ['ALLOWED_ORIGINS', 'https://a.test/path'],
    ['PUBLIC_URL', 'http://a:b'],
    ['PUBLIC_URL', 'http://:3000'],
  ])('%s=%s is refused by its name, with where it came from and what mends it', (name, value) => {
    const { code, message, mend } = refusal(() => configOf({ [name]: value }))
    expect(code).toBe('invalid_request')
    expect(message).toContain(`${name}="${value}" (from environment)`)
    expect(mend).toBeTruthy()
  })

  test.each(['http://:::', 'a b', 'http://', 'tcp://box:11434', 'unix:///run/ollama'])(
    'OLLAMA_HOST=%s is refused as no address',
    OLLAMA_HOST => {
      expect(refusal(() => configOf({ OLLAMA_HOST })).message).toBe(
        `OLLAMA_HOST="${OLLAMA_HOST}" is not an address.`,
      )
    },
  )

  test('OLLAMA_HOST with a slash in its password is no address, and the password is not shown', () => {
    const { message } = refusal(() => configOf({ OLLAMA_HOST: 'http://ada:sec/ret@box' }))
    expect(message).toMatch(/^OLLAMA_HOST=.*is not an address/)
    expect(message).not.toMatch(/sec\/|ret@/)
  })

  test('of a secret is not shown', () => {
    const { message } = refusal(() => configOf({ AUTH_TOKEN: 'short-secret' }))
    expect(message).toMatch(/^AUTH_TOKEN=/)
    expect(message).not.toContain('short-secret')
  })
})

test.each([
  ['true', true],
  ['YES', true],
  ['on', true],
  ['1', true],
  ['false', false],
  ['No', false],
  ['off', false],
  ['0', false],
])('a switch may say %s', (text, value) => {
  expect(configOf({ SAVE_AUDIO: text }).SAVE_AUDIO).toBe(value)
})

test('lists are taken apart at commas', () => {
  const { ALLOWED_ORIGINS } = configOf({ ALLOWED_ORIGINS: ' https://a.test , http://b.test:81,' })
  expect(ALLOWED_ORIGINS).toEqual(['https://a.test', 'http://b.test:81'])
})

test('a model that is all digits stays text', () => {
  expect(configOf({ LLM_MODEL: '123' }).LLM_MODEL).toBe('123')
})

describe('the address that browsers use', () => {
  test.each([
    [{}, 'http://127.0.0.1:3000'],
    [{ PORT: '8080', HOST: 'localhost' }, 'http://localhost:8080'],
    [{ HOST: '::1' }, 'http://[::1]:3000'],
    [{ TLS_CERT: 'c', TLS_KEY: 'k' }, 'https://127.0.0.1:3000'],
    [{ PUBLIC_URL: 'https://voice.example.org/' }, 'https://voice.example.org'],
    [{ PUBLIC_URL: 'https://voice.example.org/quantvox/' }, 'https://voice.example.org/quantvox'],
  ])('of %j is %s', (environment, url) => {
    expect(configOf(environment as Record<string, string>).PUBLIC_URL).toBe(url)
  })
})

describe('what would be unsafe is refused', () => {
  test.each(['0.0.0.0', '::', '192.168.1.5', 'example.org', '127.0.0.1.example.org'])(
    'HOST=%s without AUTH_TOKEN',
    HOST => {
      const { meaning, mend } = refusal(() => configOf({ HOST }))
      expect([meaning, mend]).toEqual([expect.any(String), expect.stringMatching(/AUTH_TOKEN/)])
      expect(configOf({ HOST, AUTH_TOKEN: 'sixteen-characters' }).HOST).toBe(HOST)
    },
  )

  test.each(['localhost', '127.0.0.1', '127.1.2.3', '::1', '[::1]'])('but not HOST=%s', HOST => {
    expect(configOf({ HOST }).AUTH_TOKEN).toBeNull()
    expect(isLoopback(HOST)).toBe(true)
  })

  test('a door for turns on a machine of engines, whose protocol has no password', () => {
    const door = { WYOMING_PORT: '10300' }
    expect(refusal(() => configOf({ ROLE: 'engines', ...door })).message).toContain('WYOMING_PORT')
    expect(configOf({ ROLE: 'lab', ...door }).WYOMING_PORT).toBe(10_300)
  })

  test('half of TLS', () => {
    expect(refusal(() => configOf({ TLS_CERT: 'c' })).message).toMatch(/TLS_KEY/)
    expect(refusal(() => configOf({ TLS_KEY: 'k' })).message).toMatch(/TLS_CERT/)
  })
})

describe('folders', () => {
  test('are absolute', () => {
    const { DATA_DIR, CACHE_DIR } = configOf({ DATA_DIR: 'x/y', CACHE_DIR: './z' })
    expect([DATA_DIR, CACHE_DIR]).toEqual([resolve('x/y'), resolve('z')])
  })

  test('for the cache follow XDG_CACHE_HOME where it is absolute, as its specification wants', () => {
    expect(configOf({ XDG_CACHE_HOME: '/var/xdg' }).CACHE_DIR).toBe('/var/xdg/quantvox')
    const usual = join(homedir(), '.cache', 'quantvox')
    expect(configOf({}).CACHE_DIR).toBe(usual)
    expect(configOf({ XDG_CACHE_HOME: '' }).CACHE_DIR).toBe(usual)
    expect(configOf({ XDG_CACHE_HOME: 'relative' }).CACHE_DIR).toBe(usual)
  })
})

describe('quantvox config', () => {
  const shown = (sources: Partial<ConfigSources>) =>
    Object.fromEntries(describeConfig(read(sources)).map(([name, value, origin]) => [name, [value, origin]]))

  test('shows every value with where it came from', () => {
    const all = shown({ flags: { PORT: '1' }, dotEnv: { ALLOWED_ORIGINS: 'http://a.test,http://b.test' } })
    expect(all).toMatchObject({
      PORT: ['1', 'flag'],
      ALLOWED_ORIGINS: ['http://a.test,http://b.test', '.env'],
      SEED: ['', 'default'],
      SAVE_TEXT: ['true', 'default'],
    })
    expect(Object.keys(all)).toContain('CACHE_DIR')
  })

  test('takes an address of PostgreSQL for the record, which nobody is shown', () => {
    const RECORD_URL = 'postgres://quantvox:pass@db.example/quantvox?sslmode=verify-full'
    expect(configOf({ RECORD_URL, REPLICA_ID: 'a-1.b' })).toMatchObject({ RECORD_URL, REPLICA_ID: 'a-1.b' })
    expect(shown({ environment: { RECORD_URL } }).RECORD_URL).toEqual(['********', 'environment'])
    expect(refusal(() => configOf({ RECORD_URL: 'mysql://quantvox:pass@db' })).line).not.toContain('pass')
    expect(refusal(() => configOf({ REPLICA_ID: 'two words' })).line).toContain('REPLICA_ID')
  })

  test('masks what is secret, also in addresses', () => {
    const token = 'a-token-of-some-length'
    const all = shown({ environment: { AUTH_TOKEN: token, OLLAMA_HOST: 'http://ada:pass-word@box:11434' } })
    expect(all.AUTH_TOKEN).toEqual(['********', 'environment'])
    expect(JSON.stringify(all)).not.toMatch(/a-token-of|pass-word/)
    expect(all.OLLAMA_HOST?.[0]).toContain('box:11434')
    expect(shown({}).AUTH_TOKEN).toEqual(['', 'default'])
  })
})
