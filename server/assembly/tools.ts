import type { LanguageModels } from '../llm/models.ts'
import type { Log } from '../log.ts'
import { createConfirmations } from '../tools/confirmation.ts'
import { type McpAccess, readMcpConfig } from '../tools/mcp/mcpConfig.ts'
import type { McpTools } from '../tools/mcp/mcpTools.ts'
import { ownTools } from '../tools/own/ownTools.ts'
import type { UsableModels } from '../tools/own/switchTool.ts'
import { createToolbox } from '../tools/toolbox.ts'
import type { TurnTools } from '../tools/turnTools.ts'
import { mcpPrograms } from './mcpPrograms.ts'

const noServers: McpTools = {
  tools: () => [],
  connect: async () => {},
  status: () => [],
  stop: async () => {},
}

/** The client takes memory, which only those pay who have servers. */
async function serversOf(accesses: McpAccess[], appVersion: string, log: Log): Promise<McpTools> {
  if (accesses.length === 0) return noServers
  const { createMcpTools } = await import('../tools/mcp/mcpTools.ts')
  return createMcpTools(accesses, mcpPrograms, appVersion, log)
}

/**
 * What language models may have done: tools of our own and those of MCP servers. Nothing is reached yet.
 * @throws QuantvoxError `invalid_request` for a configuration that is none
 */
export async function toolsOf(
  mcpConfig: string | null,
  languageModels: Pick<LanguageModels, 'callsTools' | 'list'>,
  speechModels: UsableModels['speech'],
  appVersion: string,
  log: Log,
): Promise<{ tools: TurnTools; mcp: McpTools }> {
  const config = mcpConfig === null ? null : await readMcpConfig(mcpConfig)
  const mcp = config === null ? noServers : await serversOf(config.servers, appVersion, log)
  const usable: UsableModels = {
    language: async signal =>
      (await languageModels.list(signal)).filter(({ remote }) => remote !== 'refused'),
    speech: speechModels,
  }
  const own = config === null ? [] : ownTools(usable, config.own)
  const { offered, policyOf, call } = createToolbox([{ tools: () => own }, mcp], log)
  const tools: TurnTools = {
    ...{ policyOf, call, confirmations: createConfirmations() },
    async offered(model, signal) {
      const all = offered()
      return all.length > 0 && (await languageModels.callsTools(model, signal)) ? all : []
    },
  }
  return { tools, mcp }
}
