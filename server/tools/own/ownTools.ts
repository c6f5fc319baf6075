import type { Policy, Tool } from '../toolbox.ts'
import { modelsTool } from './modelsTool.ts'
import { switchTool, type UsableModels } from './switchTool.ts'
import { timerTools } from './timerTools.ts'
import { timeTool } from './timeTool.ts'

const all = (usable: UsableModels): Tool[] => [timeTool(), modelsTool, ...timerTools, switchTool(usable)]

/** Our own tools. @param policies in place of theirs */
export function ownTools(usable: UsableModels, policies: ReadonlyMap<string, Policy>): Tool[] {
  return all(usable).map(tool => ({ ...tool, policy: policies.get(tool.name) ?? tool.policy }))
}

const none = { language: async () => [], speech: async () => [] }
export const ownToolNames: ReadonlySet<string> = new Set(all(none).map(({ name }) => name))
