import type { Command } from 'commander'
import { describeConfig, loadConfig } from '../../server/config.ts'
import { settingFlags, settingsOf } from './settingFlags.ts'

/** `quantvox config`: every setting, its value and where that came from. */
export function addConfig(program: Command): void {
  const command = program.command('config').description('print every setting and where its value comes from')
  settingFlags(command)
  command.option('--json', 'as JSON').action((options: Record<string, unknown>) => {
    const rows = describeConfig(loadConfig(settingsOf(options)))
    if (options.json) {
      const entries = rows.map(([name, value, origin]) => [name, { value, origin }])
      process.stdout.write(`${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`)
      return
    }
    const widths = [0, 1].map(column => Math.max(...rows.map(row => row[column]?.length ?? 0)))
    for (const [name, value, origin] of rows) {
      process.stdout.write(`${name.padEnd(widths[0] ?? 0)}  ${value.padEnd(widths[1] ?? 0)}  ${origin}\n`)
    }
  })
}
