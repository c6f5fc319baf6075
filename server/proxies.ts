import { setGlobalProxyFromEnv } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { QuantvoxError } from './errors.ts'

type Environment = Record<string, string | undefined>
type Proxy = { url: string; variable: string }
type Rules = { http: Proxy | null; https: Proxy | null; isDirect(host: string): boolean }

/** Engines are on this machine: what is said to them never passes a proxy. */
const ALWAYS_DIRECT = ['127.0.0.1', 'localhost', '::1', '127.0.0.0/8']

let rules: Rules = { http: null, https: null, isDirect: () => true }

/**
 * Sends what this process and its children fetch through the proxies that the environment names, read as curl reads
 * them: `http_proxy`, `https_proxy` and `all_proxy`, in capitals too, and `no_proxy` with `*`, names that hold for their
 * subdomains, and ranges of addresses. Node knows none of the last three, so it gets them spelled out.
 *
 * @param addresses URLs that this process may call: those of them that lie in a range are named to Node one by one
 * @throws QuantvoxError `invalid_request` for a proxy that is none by HTTP
 */
export function useProxies(environment: Environment, addresses: readonly string[]): void {
  const http = proxyNamed('http_proxy', environment)
  const https = proxyNamed('https_proxy', environment)
  const noProxy = (environment.no_proxy || environment.NO_PROXY || '').split(/[\s,]+/).filter(Boolean)
  const isDirect = noProxy.includes('*') ? () => true : directBy([...noProxy, ...ALWAYS_DIRECT])
  rules = { http, https, isDirect }
  if (http === null && https === null) return
  const hosts = addresses.map(hostOf).filter(isDirect)
  const spelledOut = noProxy.includes('*')
    ? '*'
    : [...new Set([...noProxy, ...ALWAYS_DIRECT, ...hosts].flatMap(spellings))].join(',')
  environment.no_proxy = spelledOut
  environment.NO_PROXY = spelledOut
  setGlobalProxyFromEnv({
    no_proxy: spelledOut,
    ...(http && { http_proxy: http.url }),
    ...(https && { https_proxy: https.url }),
  })
}

/** For errors: " through the proxy ADDRESS (VARIABLE)" where this URL is fetched through one, else nothing. */
export function viaProxy(address: string): string {
  const proxy = address.startsWith('https:') ? rules.https : rules.http
  if (proxy === null || rules.isDirect(hostOf(address))) return ''
  return ` through the proxy ${new URL(proxy.url).origin} (${proxy.variable})`
}

function proxyNamed(name: string, environment: Environment): Proxy | null {
  for (const variable of [name, name.toUpperCase(), 'all_proxy', 'ALL_PROXY']) {
    const text = environment[variable]?.trim()
    if (!text) continue
    const url = text.includes('://') ? text : `http://${text}`
    if (URL.canParse(url) && /^https?:/.test(url)) return { url, variable }
    throw new QuantvoxError('invalid_request', `${variable} names no proxy that can be used here.`, {
      meaning: 'Only proxies that are spoken to by HTTP are.',
      mend: `Set ${variable} to an address such as http://proxy:3128, or to nothing.`,
    })
  }
  return null
}

function hostOf(address: string): string {
  return withoutBrackets(new URL(address).hostname)
}

function withoutBrackets(host: string): string {
  return host.replace(/[[\]]/g, '')
}

/** Whether a host is named by such a list. */
function directBy(entries: readonly string[]): (host: string) => boolean {
  const ranges = new BlockList()
  const names: string[] = []
  for (const entry of entries) {
    const [address = '', bits] = withoutBrackets(entry).split('/')
    const family = isIP(address)
    const prefix = Number(bits ?? (family === 4 ? 32 : 128))
    if (family === 0) names.push(nameOf(entry))
    else if (prefix >= 0 && prefix <= (family === 4 ? 32 : 128))
      ranges.addSubnet(address, prefix, `ipv${family === 4 ? 4 : 6}`)
  }
  return host => {
    const family = isIP(host)
    if (family !== 0) return ranges.check(host, family === 4 ? 'ipv4' : 'ipv6')
    return names.some(name => host.toLowerCase() === name || host.toLowerCase().endsWith(`.${name}`))
  }
}

/** As Node's two readers of such lists take an entry: they differ in brackets, and in what holds for subdomains. */
function spellings(entry: string): string[] {
  const family = isIP(withoutBrackets(entry))
  if (family === 6) return [withoutBrackets(entry), `[${withoutBrackets(entry)}]`]
  if (family === 4 || entry.includes('/')) return [entry]
  return [nameOf(entry), `.${nameOf(entry)}`]
}

function nameOf(entry: string): string {
  return entry
    .toLowerCase()
    .replace(/^\*?\./, '')
    .replace(/\.$/, '')
}
