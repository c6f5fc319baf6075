import type { LanguageModels } from '../llm/models.ts'
import type { Log } from '../log.ts'
import { createConfirmations } from '../tools/confirmation.ts'
import { readMcpConfig } from '../tools/mcp/mcpConfig.ts'
import type { McpTools } from '../tools/mcp/mcpTools.ts'
import { modelsTool } from '../tools/own/modelsTool.ts'
import { timeTool } from '../tools/own/timeTool.ts'
import { createToolbox } from '../tools/toolbox.ts'
import type { TurnTools } from '../tools/turnTools.ts'

const noServers: McpTools = {
  tools: () => [],
  connect: async () => {},
  status: () => [],
  stop: async () => {},
}

/** The client takes memory, which only those pay who have servers. */
async function serversOf(mcpConfig: string, appVersion: string, log: Log): Promise<McpTools> {
  const accesses = await readMcpConfig(mcpConfig)
  const { createMcpTools } = await import('../tools/mcp/mcpTools.ts')
  return createMcpTools(accesses, appVersion, log)
}

/**
 * What language models may have done: tools of our own and those of MCP servers. Nothing is reached yet.
 * @throws QuantvoxError `invalid_request` for a configuration that is none
 */
export async function toolsOf(
  mcpConfig: string | null,
  languageModels: Pick<LanguageModels, 'callsTools'>,
  appVersion: string,
  log: Log,
): Promise<{ tools: TurnTools; mcp: McpTools }> {
  const mcp = mcpConfig === null ? noServers : await serversOf(mcpConfig, appVersion, log)
  const own = { tools: () => [timeTool(), modelsTool] }
  const { offered, policyOf, call } = createToolbox(mcpConfig === null ? [] : [own, mcp], log)
  const tools: TurnTools = {
    ...{ policyOf, call, confirmations: createConfirmations() },
    async offered(model, signal) {
      const all = offered()
      return all.length > 0 && (await languageModels.callsTools(model, signal)) ? all : []
    },
  }
  return { tools, mcp }
}
