import packageJson from '../../package.json' with { type: 'json' }
import type { Config } from '../../server/config.ts'
import { type Facts, machineFacts } from './facts.ts'
import type { Finding, Report } from './finding.ts'
import { examineMachine } from './machine.ts'
import { examineMemory } from './memory.ts'
import { chosenLanguageModel, examineModels } from './models.ts'
import { examineDoors } from './network/doors.ts'
import { examineNetwork } from './network/network.ts'
import { examineOllama } from './ollama.ts'
import { examineRecord } from './record.ts'
import { selfTest } from './selfTest.ts'
import { examineTools } from './tools.ts'
import { examineWhisper } from './whisper.ts'

/**
 * All findings, in the order in which a first start would meet them, and the turn of the self-test. Changes nothing and
 * fetches nothing.
 *
 * @param facts about the machine; a test plants others
 */
export async function examine(config: Config, signal: AbortSignal, facts?: Facts): Promise<Report> {
  const machine = facts ?? (await machineFacts())
  const findings: Finding[] = [
    ...(await examineMachine(config, machine)),
    ...(await examineNetwork(config)),
    ...(await examineDoors(config, signal)),
    await examineRecord(config),
    ...(await examineOllama(config, machine, signal)),
    ...(await examineWhisper(config, machine, signal)),
    ...(await examineModels(config, signal)),
    ...(await examineTools(config, packageJson.version)),
  ]
  const tested = await selfTest(config, machine, signal)
  const language = tested.language ?? (await chosenLanguageModel(config, signal))
  findings.push(await examineMemory(config, language, machine), ...tested.findings)
  return { findings, turn: tested.turn }
}
