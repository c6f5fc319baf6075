import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { QuantvoxError } from '../../errors.ts'
import { regularText } from '../../files/readJson.ts'
import { ownToolNames } from '../own/ownTools.ts'
import type { Policy } from '../toolbox.ts'

const text = Type.String({ minLength: 1 })
const OverHttp = Type.Object(
  { url: text, headers: Type.Optional(Type.Record(Type.String(), Type.String())) },
  { additionalProperties: false },
)
const AsProgram = Type.Object(
  {
    command: text,
    args: Type.Optional(Type.Array(Type.String())),
    env: Type.Optional(Type.Record(Type.String(), Type.String())),
  },
  { additionalProperties: false },
)
export const McpServer = Type.Union([OverHttp, AsProgram])
export type McpServer = Static<typeof McpServer>

const strict = { additionalProperties: false }
const McpConfig = Type.Object(
  {
    servers: Type.Record(Type.String({ pattern: '^[A-Za-z0-9_-]{1,32}$' }), McpServer, strict),
    allow: Type.Record(
      Type.String({ pattern: '^[A-Za-z0-9_-]{1,32}([.].+)?$' }),
      Type.Enum(['auto', 'confirm']),
      strict,
    ),
  },
  strict,
)

export type ToolConfig = {
  servers: McpAccess[]
  /** How those of our own tools may be called that are named, by their names. */
  own: ReadonlyMap<string, Policy>
}

/** One server, and which of its tools may be called how. */
export type McpAccess = { name: string; server: McpServer; allowed: ReadonlyMap<string, Policy> }

const example = '{"servers": {"home": {"url": "http://…/api/mcp"}}, "allow": {"home.HassTurnOn": "confirm"}}'

/**
 * What `MCP_CONFIG` names.
 * @throws QuantvoxError `invalid_request` that says what is wrong in the file, and shows nothing of it
 */
export async function readMcpConfig(path: string): Promise<ToolConfig> {
  const wrong = (what: string) =>
    new QuantvoxError('invalid_request', `MCP_CONFIG (${path}) ${what}.`, {
      mend: `It looks like ${example}.`,
    })
  const read = await regularText(path).catch(error => {
    throw error instanceof QuantvoxError ? error : wrong(`cannot be read (${error.code ?? error})`)
  })
  let value: unknown
  try {
    value = JSON.parse(read)
  } catch {
    throw wrong('is no JSON')
  }
  if (!Value.Check(McpConfig, value)) {
    const [first] = Value.Errors(McpConfig, value)
    throw wrong(`does not fit at "${first?.instancePath || '/'}": it ${first?.message ?? 'is another shape'}`)
  }
  const { servers, allow } = value
  for (const name of Object.keys(allow)) {
    const [server = ''] = name.split('.', 1)
    if (server === name) {
      if (!ownToolNames.has(name)) throw wrong(`allows ${name}, which is no tool of ours, nor "server.tool"`)
    } else if (!(server in servers)) throw wrong(`allows ${name}, but names no server "${server}"`)
  }
  for (const [name, server] of Object.entries(servers)) {
    const isAddress = !('url' in server) || /^https?:$/.test(URL.parse(server.url)?.protocol ?? '')
    if (!isAddress) throw wrong(`has no http address as the url of "${name}"`)
  }
  const allowed = Object.entries(allow)
  return {
    own: new Map(allowed.filter(([tool]) => !tool.includes('.'))),
    servers: Object.entries(servers).map(([name, server]) => {
      const of = allowed.filter(([tool]) => tool.startsWith(`${name}.`))
      return { name, server, allowed: new Map(of.map(([tool, how]) => [tool.slice(name.length + 1), how])) }
    }),
  }
}
