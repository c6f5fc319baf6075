import {
  Client,
  type Tool as McpTool,
  SdkHttpError,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import { within } from '../../abort.ts'
import { masked } from '../../credentials.ts'
import { QuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Tool, ToolSource } from '../toolbox.ts'
import { asDescription, asParameters, cut } from '../untrusted.ts'
import { limited } from './limitedFetch.ts'
import type { McpAccess } from './mcpConfig.ts'
import { type Programs, programTransport } from './programTransport.ts'
import { toolNames } from './toolNames.ts'

/** One message of a server; parsing more would hold up everybody. */
export const MAX_MESSAGE_BYTES = 4 * 2 ** 20
const CONNECTED_WITHIN_MS = 10_000
/** A program has time to end by itself and after SIGTERM, and is gone after SIGKILL. */
const CLOSED_WITHIN_MS = 5_000
/** Between attempts to reach a server: doubled each time. */
const RETRY_MS = { first: 1_000, most: 60_000 }
/** Every question pays for reading the tools once, and a context window is a few thousand tokens. */
const MAX_PARAMETERS_LENGTH = 4_000

/** Of one server, for doctor and info. */
export type McpStatus = {
  name: string
  tools: string[]
  /** What models call those whose name another has. */
  calledOtherwise: Record<string, string>
  missing: string[]
  problem: string | null
}

export type McpTools = ToolSource & {
  /** Reaches all servers, and goes on trying those that are not there. Settles after the first attempt at each. */
  connect(): Promise<void>
  status(): McpStatus[]
  stop(): Promise<void>
}

/** The tools of MCP servers that the operator allows, by the names that models may call. */
export function createMcpTools(
  accesses: readonly McpAccess[],
  programs: Programs,
  appVersion: string,
  log: Log,
): McpTools {
  const connections = accesses.map(access => createConnection(access, programs, appVersion, log))
  const names = toolNames(accesses)
  for (const { server, ...clash } of names.clashes)
    log.warn({ mcpServer: server, ...clash }, 'a tool is called otherwise, since another is called so')
  return {
    tools: () =>
      connections.flatMap(connection =>
        connection.tools().map(({ server, tool, offered }) => ({ ...offered, name: names.of(server, tool) })),
      ),
    async connect() {
      await Promise.all(connections.map(connection => connection.connect()))
    },
    status: () =>
      connections.map(connection => {
        const status = connection.status()
        const here = names.clashes.filter(
          ({ server, tool }) => server === status.name && status.tools.includes(tool),
        )
        return { ...status, calledOtherwise: Object.fromEntries(here.map(({ tool, name }) => [tool, name])) }
      }),
    async stop() {
      await Promise.all(connections.map(connection => connection.stop()))
    },
  }
}

type FoundTool = { server: string; tool: string; offered: Omit<Tool, 'name'> }

function createConnection(
  { name, server, allowed }: McpAccess,
  programs: Programs,
  version: string,
  log: Log,
) {
  let client: Client | null = null
  let connecting: Promise<void> | null = null
  /** Also of one that is being reached; each is closed before the next. */
  let opened: Client | null = null
  let found: FoundTool[] = []
  let problem: string | null = 'It was not reached yet.'
  let retryMs = RETRY_MS.first
  let timer: NodeJS.Timeout | undefined
  let isStopped = false

  function lost(why: string): void {
    if (isStopped) return
    const isNew = problem !== why
    client = null
    found = []
    problem = why
    if (isNew) log.warn({ mcpServer: name, why }, 'the tools of an MCP server are not there')
    clearTimeout(timer)
    timer = setTimeout(() => void reach(), retryMs).unref()
    retryMs = Math.min(2 * retryMs, RETRY_MS.most)
  }

  async function list(connected: Client): Promise<void> {
    const { tools } = await connected.listTools({}, { timeout: CONNECTED_WITHIN_MS })
    const once = new Map<string, McpTool>()
    for (const tool of tools) if (allowed.has(tool.name) && !once.has(tool.name)) once.set(tool.name, tool)
    found = [...once.values()].flatMap(tool => offeredOf(tool, connected))
    const missing = missingIn(found)
    if (missing.length > 0) log.warn({ mcpServer: name, missing }, 'allowed tools that the server has not')
  }

  function offeredOf(tool: McpTool, connected: Client): FoundTool[] {
    const policy = allowed.get(tool.name)
    if (policy === undefined) return []
    const parameters = asParameters(tool.inputSchema)
    if (JSON.stringify(parameters).length > MAX_PARAMETERS_LENGTH) {
      log.warn({ mcpServer: name, tool: tool.name }, 'the parameters of a tool are too long for a prompt')
      return []
    }
    const description = asDescription(tool.description ?? tool.title ?? tool.name)
    const run = (given: Record<string, unknown>, signal: AbortSignal) =>
      call(connected, tool.name, given, signal).catch((error: unknown) => {
        // Over HTTP nothing else tells that it is gone, or has forgotten the session.
        const isGone = error instanceof SdkHttpError ? error.status === 404 : error instanceof TypeError
        if (isGone && client === connected) lost(reasonOf(error))
        throw error
      })
    return [{ server: name, tool: tool.name, offered: { description, parameters, policy, run } }]
  }

  const missingIn = (tools: FoundTool[]) =>
    [...allowed.keys()].filter(tool => !tools.some(one => one.tool === tool))

  /** Once at a time, and not again where it is there. */
  function reach(): Promise<void> {
    if (client !== null || isStopped) return Promise.resolve()
    connecting ??= connect().finally(() => (connecting = null))
    return connecting
  }

  async function connect(): Promise<void> {
    const next = new Client({ name: 'quantvox', version })
    if (opened !== null) void closed(opened)
    opened = next
    const transport = transportTo(server, programs)
    try {
      await within(next.connect(transport), CONNECTED_WITHIN_MS, () => {
        throw new Error(`it did not answer within ${CONNECTED_WITHIN_MS / 1000} s`)
      })
      next.setNotificationHandler('notifications/tools/list_changed', () =>
        list(next).catch(error => lost(reasonOf(error))),
      )
      await list(next)
      if (isStopped) return await closed(next)
      client = next
      problem = null
      retryMs = RETRY_MS.first
      next.onclose = () => {
        if (client === next) lost('it closed the connection')
      }
      log.info(
        { mcpServer: name, tools: found.map(({ tool }) => tool) },
        'the tools of an MCP server are there',
      )
    } catch (error) {
      await closed(next)
      lost(reasonOf(error))
    }
  }

  return {
    connect: reach,
    tools: () => found,
    status: (): Omit<McpStatus, 'calledOtherwise'> => ({
      ...{ name, problem },
      ...{ tools: found.map(({ tool }) => tool), missing: problem === null ? missingIn(found) : [] },
    }),
    async stop() {
      isStopped = true
      clearTimeout(timer)
      client = null
      found = []
      if (opened !== null) await closed(opened)
      if (connecting !== null) await within(connecting, CLOSED_WITHIN_MS, () => {})
    },
  }
}

function transportTo(server: McpAccess['server'], programs: Programs) {
  if (!('url' in server)) return programTransport(server, programs, MAX_MESSAGE_BYTES)
  return new StreamableHTTPClientTransport(new URL(server.url), {
    requestInit: { headers: server.headers ?? {} },
    fetch: limited(MAX_MESSAGE_BYTES),
  })
}

async function call(
  client: Client,
  name: string,
  given: Record<string, unknown>,
  signal: AbortSignal,
): Promise<string> {
  const result = await client.callTool({ name, arguments: given }, { signal })
  const parts = result.content.map(part => (part.type === 'text' ? part.text : `(${part.type})`))
  const told = parts.length > 0 ? parts.join('\n') : JSON.stringify(result.structuredContent ?? {})
  if (result.isError) throw new QuantvoxError('tool_failed', told)
  return told
}

/** A server that does not hear that it is left must not hold up a stop. */
const closed = (client: Client) => within(client.close(), CLOSED_WITHIN_MS, () => {}).catch(() => {})

function reasonOf(error: unknown): string {
  if (error instanceof SdkHttpError) return `it answered ${error.status} ${error.statusText ?? ''}`.trim()
  return cut(masked(error instanceof Error ? error.message : String(error)), 300)
}
