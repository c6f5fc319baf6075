import { mcpPrograms } from '../../../server/assembly/mcpPrograms.ts'
import { createMcpTools } from '../../../server/tools/mcp/mcpTools.ts'
import { quietLog } from '../quietLog.ts'

/** A process that reaches the program that its arguments name as an MCP server, and never ends by itself. */
const [command = '', ...args] = process.argv.slice(2)
const access = { name: 'house', server: { command, args }, allowed: new Map() }
void createMcpTools([access], mcpPrograms, '1', quietLog()).connect()
setInterval(() => {}, 1000)
