import type { Tool } from '../toolbox.ts'

/** The clock of this machine. In a tool and not in the prompt, whose beginning would change with every minute. */
export function timeTool(now: () => Date = () => new Date()): Tool {
  return {
    name: 'get_time',
    description: 'Tells the current local time, date and day of the week.',
    parameters: { type: 'object', properties: {} },
    policy: 'auto',
    run: async () => {
      const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
      const told = now().toLocaleString('en-US', { dateStyle: 'full', timeStyle: 'short', timeZone })
      return `It is ${told} (${timeZone}).`
    },
  }
}
