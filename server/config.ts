import { existsSync, readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import type { Static, TSchema } from 'typebox'
import Value from 'typebox/value'
import { masked, setApart } from './credentials.ts'
import type { SpeechHost } from './engineLease.ts'
import { QuantvoxError } from './errors.ts'
import { nearestHint } from './nearest.ts'
import { useProxies } from './proxies.ts'
import { isSetting, SETTING_PREFIX as prefix, Settings, secretSettings, shownSetting } from './settings.ts'
import { PREFERRED_SPEECH_MODEL } from './shared/defaults/speechDefaults.ts'
import { orFound, refuseUnheard, spokenLanguage } from './spokenLanguage.ts'

/** Every setting by its one name, checked. Paths are absolute, URLs without a final slash and without credentials. */
export type Config = Omit<Static<typeof Settings>, 'PUBLIC_URL' | 'CACHE_DIR' | 'SPEECH_URL'> & {
  PUBLIC_URL: string
  CACHE_DIR: string
  SPEECH_URL: SpeechHost[]
  /** False when Ollama's address is only the default: then the server may start one of its own. */
  ollamaHostSetByHand: boolean
  /** An Ollama that is not ours is told how long to keep models only where a person said so. */
  keepAliveSetByHand: boolean
}

type Origin = 'flag' | 'environment' | '.env' | 'default'
type LoadedConfig = { config: Config; origins: Record<string, Origin> }

/** What to read the settings from; a test gives all of it, `loadConfig` gives the process's own. */
export type ConfigSources = {
  flags: Record<string, string | undefined>
  environment: Record<string, string | undefined>
  dotEnv: Record<string, string | undefined>
}

const names = Object.keys(Settings.properties)

/**
 * Reads all settings once: flags, then environment, then `.env` of the working directory, then defaults. Every name
 * may also be spelled `QUANTVOX_<NAME>`, which wins over the plain one at the same place. Throws `invalid_request`
 * that names the setting for a bad value, and the nearest known name for an unknown `QUANTVOX_*` one. What this process
 * fetches from then on goes through the proxies that the environment names.
 */
export function loadConfig(flags: Record<string, string | undefined> = {}): LoadedConfig {
  const dotEnv = existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}
  const loaded = readConfig({ flags, environment: process.env, dotEnv })
  // Children inherit the environment, and none of them is to know our secrets.
  for (const name of secretSettings) {
    delete process.env[name]
    delete process.env[prefix + name]
  }
  useProxies(process.env, addressesIn(loaded.config))
  return loaded
}

export function readConfig({ flags, environment, dotEnv }: ConfigSources): LoadedConfig {
  refuseUnknownNames({ ...environment, ...dotEnv })
  const places: [Origin, Record<string, string | undefined>][] = [
    ['flag', flags],
    ['environment', environment],
    ['.env', dotEnv],
  ]
  const origins: Record<string, Origin> = {}
  const values: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries<TSchema>(Settings.properties)) {
    const found = places.find(([, place]) => textOf(place, name) !== undefined)
    origins[name] = found?.[0] ?? 'default'
    const text = found && textOf(found[1], name)
    values[name] = text === undefined ? defaultOf(schema) : convert(name, schema, text, origins[name])
  }
  const settings = Value.Parse(Settings, values)
  const scheme = settings.TLS_CERT && settings.TLS_KEY ? 'https' : 'http'
  const host = settings.HOST.includes(':') ? `[${settings.HOST}]` : settings.HOST
  const config: Config = {
    ...settings,
    PUBLIC_URL: (settings.PUBLIC_URL ?? `${scheme}://${host}:${settings.PORT}`).replace(/\/+$/, ''),
    CACHE_DIR: resolve(settings.CACHE_DIR ?? defaultCacheDir(environment)),
    DATA_DIR: resolve(settings.DATA_DIR),
    WAKE_DIR: settings.WAKE_DIR && resolve(settings.WAKE_DIR),
    REPLY_STORE:
      settings.REPLY_STORE?.startsWith('s3://') === false
        ? resolve(settings.REPLY_STORE)
        : settings.REPLY_STORE,
    AUDIO_DIRS: settings.AUDIO_DIRS.map(folder => resolve(folder)),
    SPEECH_LANGUAGE: spokenLanguage(settings.SPEECH_LANGUAGE),
    OLLAMA_HOST: setApart(normalizeOllamaHost(settings.OLLAMA_HOST)),
    SPEECH_URL: settings.SPEECH_URL.map(speechHostIn),
    SYNTHESIS_URL: settings.SYNTHESIS_URL && setApart(settings.SYNTHESIS_URL),
    AWS_ENDPOINT_URL: settings.AWS_ENDPOINT_URL && setApart(settings.AWS_ENDPOINT_URL),
    OTEL_EXPORTER_OTLP_ENDPOINT: setApart(settings.OTEL_EXPORTER_OTLP_ENDPOINT),
    ollamaHostSetByHand: origins.OLLAMA_HOST !== 'default',
    keepAliveSetByHand: origins.KEEP_ALIVE !== 'default',
  }
  refuseUnheard(config.SPEECH_MODEL ?? PREFERRED_SPEECH_MODEL, orFound(config.SPEECH_LANGUAGE))
  refuseUnsafe(config)
  return { config, origins }
}

/** What the settings say to call. */
function addressesIn(config: Config): string[] {
  const { OLLAMA_HOST, SPEECH_URL, SYNTHESIS_URL, OTEL_EXPORTER_OTLP_ENDPOINT, PUBLIC_URL } = config
  const others = [SYNTHESIS_URL, config.AWS_ENDPOINT_URL].filter(url => url !== null)
  return [
    OLLAMA_HOST,
    ...SPEECH_URL.map(({ url }) => url),
    ...others,
    OTEL_EXPORTER_OTLP_ENDPOINT,
    PUBLIC_URL,
  ]
}

/** All settings for people: `[name, value as text, origin]`, secrets masked. */
export function describeConfig({ config, origins }: LoadedConfig): [string, string, Origin][] {
  return names.map(name => {
    const value = config[name as keyof Config]
    const text =
      value === null || value === undefined
        ? ''
        : Array.isArray(value)
          ? value.map(asText).join(',')
          : `${value}`
    return [
      name,
      secretSettings.has(name) && text !== '' ? '********' : masked(text),
      origins[name] ?? 'default',
    ]
  })
}

/** An entry of SPEECH_URL, for instance `whisper-tiny.en-q8_0=http://a:8080`. */
function speechHostIn(entry: string): SpeechHost {
  const [, level = null, url = ''] = /^(?:([^=:/]+)=)?(.*)$/.exec(entry) ?? []
  return { level, url: setApart(url) }
}

const asText = (item: string | SpeechHost) =>
  typeof item === 'string' ? item : `${item.level === null ? '' : `${item.level}=`}${item.url}`

/** True for names and addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '')
  return (
    name === 'localhost' || name === '::1' || name.endsWith('.localhost') || /^127(\.\d{1,3}){3}$/.test(name)
  )
}

function textOf(place: Record<string, string | undefined>, name: string): string | undefined {
  const text = place[prefix + name] ?? place[name]
  return text === undefined || text.trim() === '' ? undefined : text.trim()
}

function defaultOf(schema: TSchema): unknown {
  return 'default' in schema ? schema.default : null
}

function convert(name: string, schema: TSchema, text: string, origin: Origin): unknown {
  const kind = 'kind' in schema ? schema.kind : undefined
  const value =
    kind === 'list'
      ? text
          .split(',')
          .map(part => part.trim())
          .filter(Boolean)
      : plain(schema, text)
  if (Value.Check(schema, value)) return value
  const problem = Value.Errors(schema, value)[0]?.message ?? 'is not valid'
  throw new QuantvoxError(
    'invalid_request',
    `${name}=${shownSetting(name, text)} (from ${origin}) ${problem}.`,
    {
      mend: `Set ${name} to what the README's table says, or leave it out.`,
    },
  )
}

function plain(schema: TSchema, text: string): unknown {
  if (Value.Check(schema, text)) return text
  if (/^(true|yes|on|1)$/i.test(text) && Value.Check(schema, true)) return true
  if (/^(false|no|off|0)$/i.test(text) && Value.Check(schema, false)) return false
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
}

/**
 * Ollama's forms of `OLLAMA_HOST` (`host`, `host:port`, `:port`, IPv6 with and without brackets, a URL, any of them in
 * quotes) as a base URL that can be called. As in Ollama (envconfig/config.go, Host), the port is 11434 without a
 * scheme, and that of the scheme with one, and a port that is none is taken for the default.
 */
function normalizeOllamaHost(text: string): string {
  const given = text.trim().replace(/^["']+|["']+$/g, '')
  const [, scheme, credentials = '', address = '', path = ''] =
    /^(https?:\/\/)?([^/]*@)?([^/]*)(.*)$/i.exec(given === 'ollama.com' ? 'https://ollama.com' : given) ?? []
  const bare = address.replace(/^\[|\]$/g, '')
  const [, host = isIPv6(bare) ? `[${bare}]` : address, port = ''] =
    /^(\[[^\]]*\]|[^:]*):([^:]*)$/.exec(address) ?? []
  const defaultPort = scheme === undefined ? ':11434' : ''
  const portPart = /^\d+$/.test(port) && Number(port) <= 65_535 ? `:${port}` : defaultPort
  const usual = given === '' || (host === '' && address !== '') ? '127.0.0.1' : host
  const url = URL.parse(`${scheme ?? 'http://'}${credentials}${usual}${portPart}${path}`)
  // Of another scheme, which a host would be taken for; and an @ that comes late is the rest of a password that holds a slash.
  const isOther = scheme === undefined && given.includes('://')
  if (url === null || isOther || path.includes('@')) {
    throw new QuantvoxError(
      'invalid_request',
      `OLLAMA_HOST=${shownSetting('OLLAMA_HOST', text)} is not an address.`,
      {
        mend: 'Set it to a URL such as http://127.0.0.1:11434.',
      },
    )
  }
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1'
  if (url.hostname === '[::]') url.hostname = '[::1]'
  return url.href.replace(/\/+$/, '')
}

function defaultCacheDir(environment: Record<string, string | undefined>): string {
  const xdg = environment.XDG_CACHE_HOME ?? ''
  // The XDG base directory specification has relative paths ignored.
  return join(isAbsolute(xdg) ? xdg : join(homedir(), '.cache'), 'quantvox')
}

function refuseUnknownNames(environment: Record<string, string | undefined>): void {
  for (const name of Object.keys(environment)) {
    if (!name.startsWith(prefix) || isSetting(name)) continue
    const known = names.map(bare => prefix + bare)
    throw new QuantvoxError('invalid_request', `There is no setting ${name}.`, {
      mend: `${nearestHint(name, known)} "quantvox config" lists all settings.`,
    })
  }
}

function refuseUnsafe(config: Config): void {
  if ((config.TLS_CERT === null) !== (config.TLS_KEY === null)) {
    throw new QuantvoxError('invalid_request', 'Only one of TLS_CERT and TLS_KEY is set.', {
      mend: 'Set both, or neither.',
    })
  }
  const missing = [
    config.ollamaHostSetByHand ? null : 'OLLAMA_HOST',
    config.SPEECH_URL.length > 0 ? null : 'SPEECH_URL',
  ].filter(name => name !== null)
  if (config.ROLE === 'voice' && missing.length > 0) {
    throw new QuantvoxError('invalid_request', `ROLE=voice needs ${missing.join(' and ')}.`, {
      meaning: 'A voice server runs no models: it asks them of other machines.',
      mend: 'Set where they answer, or ROLE=all so that this machine runs them.',
    })
  }
  if ((config.ROUTER_SOCKET === null) !== (config.ROUTER_SERVERS.length === 0)) {
    throw new QuantvoxError('invalid_request', 'Only one of ROUTER_SOCKET and ROUTER_SERVERS is set.', {
      mend: 'Set both, or neither.',
    })
  }
  if (config.ROLE === 'engines' && !isLoopback(new URL(config.OLLAMA_HOST).hostname)) {
    throw new QuantvoxError('invalid_request', 'ROLE=engines needs an OLLAMA_HOST of this machine.', {
      meaning: 'It runs the language model itself, at the port that is named there.',
      mend: 'Set OLLAMA_HOST=http://127.0.0.1:11434, or leave it out.',
    })
  }
  if (config.ROLE === 'engines' && config.WYOMING_PORT !== null) {
    throw new QuantvoxError('invalid_request', 'ROLE=engines takes no turns, and so no WYOMING_PORT.', {
      mend: 'Leave it out, or set it on a server with ROLE=voice.',
    })
  }
  const { REPLY_STORE, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = config
  if (REPLY_STORE?.startsWith('s3://') && (AWS_ACCESS_KEY_ID === null || AWS_SECRET_ACCESS_KEY === null)) {
    throw new QuantvoxError('invalid_request', `REPLY_STORE=${REPLY_STORE} cannot be asked without a key.`, {
      mend: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    })
  }
  if (!isLoopback(config.HOST) && config.AUTH_TOKEN === null) {
    throw new QuantvoxError(
      'invalid_request',
      `HOST=${config.HOST} opens the server to other machines without a token.`,
      {
        meaning: 'Anyone who reaches it could listen, speak and read the record.',
        mend: 'Set AUTH_TOKEN to a long random text (for instance from "openssl rand -hex 24"), or leave HOST alone.',
      },
    )
  }
}
