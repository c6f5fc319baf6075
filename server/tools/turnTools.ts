import { silentLog } from '../log.ts'
import type { LanguageModel } from '../protocol/models.ts'
import { type Confirmations, createConfirmations } from './confirmation.ts'
import { createToolbox, type OfferedTool, type Toolbox } from './toolbox.ts'

/** The tools of a turn. */
export type TurnTools = Pick<Toolbox, 'policyOf' | 'call'> & {
  /** What this model may call; none where its template has no place for tools. Throws as looking the model up does. */
  offered(model: LanguageModel, signal: AbortSignal): Promise<readonly OfferedTool[]>
  confirmations: Confirmations
}

/** For turns that are to be like each other, whatever is configured. */
export const noTools: TurnTools = {
  ...createToolbox([], silentLog),
  offered: async () => [],
  confirmations: createConfirmations(),
}
