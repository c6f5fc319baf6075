import { mcpPrograms } from '../../server/assembly/mcpPrograms.ts'
import type { Config } from '../../server/config.ts'
import { toQuantvoxError } from '../../server/errors.ts'
import { silentLog } from '../../server/log.ts'
import { readMcpConfig } from '../../server/tools/mcp/mcpConfig.ts'
import { createMcpTools } from '../../server/tools/mcp/mcpTools.ts'
import { type Finding, finding } from './finding.ts'

const why = 'The language model may call their tools.'

/** The MCP servers, each reached once; nothing where none are configured. */
export async function examineTools({ MCP_CONFIG }: Config, appVersion: string): Promise<Finding[]> {
  if (MCP_CONFIG === null) return []
  try {
    const { servers } = await readMcpConfig(MCP_CONFIG)
    const mcp = createMcpTools(servers, mcpPrograms, appVersion, silentLog)
    await mcp.connect()
    const findings = mcp.status().map(({ name, tools, calledOtherwise, missing, problem }) => {
      const what = `MCP server ${name}`
      if (problem !== null) {
        const mend =
          'Start it, or mend its address and headers in MCP_CONFIG; its tools are missing until then.'
        return finding(what, problem, { state: 'wrong', mend }, why)
      }
      const called = tools.map(tool =>
        calledOtherwise[tool] === undefined ? tool : `${tool} (called ${calledOtherwise[tool]})`,
      )
      const given = tools.length === 0 ? 'gives no tool' : `gives ${called.join(', ')}`
      const mend = `Mend "allow" in MCP_CONFIG: it has no ${missing.join(', ')}.`
      return finding(what, given, missing.length === 0 ? null : { state: 'note', mend }, why)
    })
    await mcp.stop()
    return findings
  } catch (error) {
    const { message, mend = '' } = toQuantvoxError(error)
    return [finding('tools', message, { state: 'wrong', mend }, why)]
  }
}
