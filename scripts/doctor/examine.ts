import type { Config } from '../../server/config.ts'
import { examineEngines } from './engines.ts'
import type { Finding } from './finding.ts'
import { examineMachine } from './machine.ts'
import { examineModels } from './models.ts'

/** All findings, in the order in which a first start would meet them. Changes nothing and fetches nothing. */
export async function examine(config: Config, signal: AbortSignal): Promise<Finding[]> {
  return [
    ...(await examineMachine(config)),
    ...(await examineEngines(config, signal)),
    ...(await examineModels(config, signal)),
  ]
}
