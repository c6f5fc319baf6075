import { sleep } from '../../../server/abort.ts'
import { createConfirmations } from '../../../server/tools/confirmation.ts'
import { createToolbox, type Policy, type Tool } from '../../../server/tools/toolbox.ts'
import type { TurnTools } from '../../../server/tools/turnTools.ts'
import { quietLog } from '../quietLog.ts'

/** Two lamps: `look` may be called, `turn_on` only once the user said yes. What was called is in `called`. */
export function fakeTools(takesMs = 0): { tools: TurnTools; called: string[] } {
  const called: string[] = []
  const tool = (name: string, policy: Policy): Tool => ({
    ...{ name, policy, description: name, parameters: { type: 'object', properties: {} } },
    async run(given, signal) {
      called.push(`${name} ${JSON.stringify(given)}`)
      try {
        await sleep(takesMs, signal)
      } catch (error) {
        called.push(`${name} aborted`)
        throw error
      }
      return `${name} gave this`
    },
  })
  const source = { tools: () => [tool('look', 'auto'), tool('turn_on', 'confirm')] }
  const box = createToolbox([source], quietLog())
  return {
    called,
    tools: { ...box, offered: async () => box.offered(), confirmations: createConfirmations() },
  }
}
