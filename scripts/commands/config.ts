import type { Command } from 'commander'
import { describeConfig, loadConfig } from '../../server/config.ts'
import { settingFlags, settingsOf } from './settingFlags.ts'
import { textTable } from './textTable.ts'

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
    process.stdout.write(`${textTable(rows)}\n`)
  })
}
