import { ownToolNames } from '../own/ownTools.ts'
import type { McpAccess } from './mcpConfig.ts'

/** As OpenAI and Ollama take names of functions. */
const MOST_LETTERS = 64
const spelled = (name: string, end = '') =>
  name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, MOST_LETTERS - end.length) + end

export type ToolNames = {
  of(server: string, tool: string): string
  /** Those that are called otherwise because others are called so, or would be. */
  clashes: { server: string; tool: string; name: string }[]
}

/**
 * What models call the tools that are allowed: their own names, with the server's in front where another has that name. It goes by what
 * is allowed and not by what is there, so that a name, and with it a yes of the user, never comes to mean another tool.
 */
export function toolNames(accesses: readonly Pick<McpAccess, 'name' | 'allowed'>[]): ToolNames {
  const all = accesses.flatMap(({ name, allowed }) =>
    [...allowed.keys()].map(tool => ({ server: name, tool, plain: spelled(tool) })),
  )
  const times = new Map<string, number>()
  for (const { plain } of all) times.set(plain, (times.get(plain) ?? 0) + 1)
  const isAlone = (plain: string) => times.get(plain) === 1 && !ownToolNames.has(plain)
  const taken = new Set([...ownToolNames, ...times.keys()])
  const names = new Map<string, string>()
  const clashes: ToolNames['clashes'] = []
  for (const { server, tool, plain } of all) {
    let name = plain
    if (!isAlone(plain)) {
      const whole = `${server}_${tool}`
      name = spelled(whole)
      for (let n = 2; taken.has(name); n++) name = spelled(whole, `_${n}`)
      taken.add(name)
      clashes.push({ server, tool, name })
    }
    names.set(`${server}.${tool}`, name)
  }
  return { of: (server, tool) => names.get(`${server}.${tool}`) ?? spelled(tool), clashes }
}
