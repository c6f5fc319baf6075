import type { LanguageModels } from '../llm/models.ts'
import type { Log } from '../log.ts'
import { createConfirmations } from '../tools/confirmation.ts'
import { readMcpConfig } from '../tools/mcp/mcpConfig.ts'
import { createMcpTools, type McpTools } from '../tools/mcp/mcpTools.ts'
import { modelsTool } from '../tools/own/modelsTool.ts'
import { timeTool } from '../tools/own/timeTool.ts'
import { createToolbox } from '../tools/toolbox.ts'
import type { TurnTools } from '../tools/turnTools.ts'

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
  const accesses = mcpConfig === null ? [] : await readMcpConfig(mcpConfig)
  const mcp = createMcpTools(accesses, appVersion, log)
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
