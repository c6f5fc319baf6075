import { homedir } from 'node:os'
import { isSetting } from '../settings.ts'

/**
 * The environment of a child: ours, for PATH, HOME, proxies and the GPU libraries' own variables, without our settings
 * (some are secrets, and engines are other people's programs) and without `NODE_OPTIONS`, and with `extra` over it.
 * HOME is always there: Ollama does not start without.
 */
export function childEnvironment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !isSetting(name) && name !== 'NODE_OPTIONS')
  return { HOME: homedir(), ...Object.fromEntries(kept), ...extra }
}
