import { homedir } from 'node:os'

/** Names that engines must not see: they are secrets of ours, and engines are other people's programs. */
const secrets = new Set(['AUTH_TOKEN', 'TLS_KEY', 'TLS_CERT'])

/**
 * The environment of a child: ours, for PATH, HOME, proxies and the GPU libraries' own variables, without our
 * secrets and without `NODE_OPTIONS`, and with `extra` over it. HOME is always there: Ollama does not start without. It decides no setting of ours; those are in config.ts.
 */
export function childEnvironment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !secrets.has(name) && name !== 'NODE_OPTIONS')
  return { HOME: homedir(), ...Object.fromEntries(kept), ...extra }
}
