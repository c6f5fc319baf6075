import { once } from 'node:events'
import { signalGroup, spawnGuarded } from '../engines/guard.ts'
import { findOnPath } from '../setup/programs.ts'
import type { Programs } from '../tools/mcp/programTransport.ts'

/** Programs of MCP servers end as engines do: with all that they started, and with us, however that came about. */
export const mcpPrograms: Programs = {
  async start(command, args, env) {
    const path = command.includes('/') ? command : ((await findOnPath(command)) ?? command)
    const program = spawnGuarded(path, args, { env, takesInput: true })
    await once(program, 'spawn')
    return program
  },
  signal: (program, signal) => signalGroup(program.pid, signal),
}
