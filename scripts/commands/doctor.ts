import type { Command } from 'commander'
import { loadConfig } from '../../server/config.ts'
import { examine } from '../doctor/examine.ts'
import { timingTable } from './timingTable.ts'

/** `quantvox doctor`: what this installation needs, whether it is there, and how to mend what is not. */
export function addDoctor(program: Command, signal: AbortSignal): void {
  program
    .command('doctor')
    .description('check what the server needs, ask it a question, and say how to mend what is wrong')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const report = await examine(loadConfig().config, signal)
      const { findings, turn } = report
      if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
      else {
        for (const { what, state, found, why, mend } of findings) {
          process.stdout.write(`${state.padEnd(7)}  ${what}: ${found}\n`)
          if (state === 'ok') continue
          process.stdout.write(`         why it matters: ${why}\n         to mend: ${mend}\n`)
        }
        if (turn !== null) process.stdout.write(`\n${timingTable(turn)}\n`)
      }
      if (findings.some(finding => finding.state === 'wrong')) process.exitCode = 1
    })
}
