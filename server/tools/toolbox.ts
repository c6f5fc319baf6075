import { patiently, untilAborted } from '../abort.ts'
import { QuantvoxError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ToolOutcome } from '../protocol/record.ts'
import type { Timers } from './own/timers.ts'
import { asData, cut } from './untrusted.ts'

/** A function that a language model may call. */
export type OfferedTool = {
  name: string
  description: string
  /** JSON Schema of an object. */
  parameters: Record<string, unknown>
}

/** `confirm`: only once the user has said yes to the very call. */
export type Policy = 'auto' | 'confirm'

export type ToolCall = { name: string; arguments: Record<string, unknown> }

/** What a tool may do in the live session that it is called in. */
export type ToolSession = {
  timers: Timers
  /** What hears and answers now: a catalog name, and a tag. */
  models(): { speechModel: string; llmModel: string }
  /** Has them hear or answer once that turn's reply is whole. */
  switchTo(models: { speechModel?: string; llmModel?: string }, turnId: string): void
}

/** The turn in which a tool is called, and what it runs on: catalog names and a tag; of a typed question nothing heard it. */
export type ToolUser = {
  turnId: string
  /** Of a result there is room for in the prompt. */
  roomBytes: number
  models: { speech: string | null; language: string; voice: string }
  /** Null where nobody can be spoken to later. */
  session: ToolSession | null
}

/** Gives what the model is told, as text. Throws what went wrong, or the signal's reason. */
type Run = (given: Record<string, unknown>, signal: AbortSignal, user: ToolUser) => Promise<string>

export type Tool = OfferedTool & { policy: Policy; run: Run }

/** Where tools come from. */
export type ToolSource = { tools(): readonly Tool[] }

export type ToolResult = { outcome: ToolOutcome; ms: number; content: string }

export type Toolbox = {
  /** What may be called now; the same tools always in the same order, so that the beginning of a prompt stays as it is. */
  offered(): readonly OfferedTool[]
  /** Null for a name that nothing has. */
  policyOf(name: string): Policy | null
  /** Never rejects but with the signal's reason: what goes wrong is told to the model. */
  call(call: ToolCall, user: ToolUser, signal: AbortSignal): Promise<ToolResult>
}

/** A tool that takes longer is told to have failed, whatever becomes of it. */
const CALLED_WITHIN_MS = 10_000

/** @param log gets a line a call, without what was given and what came of it */
export function createToolbox(sources: readonly ToolSource[], log: Log): Toolbox {
  const all = () => sources.flatMap(source => source.tools())
  const named = (name: string) => all().find(tool => tool.name === name)

  return {
    offered: () => all().map(({ name, description, parameters }) => ({ name, description, parameters })),
    policyOf: name => named(name)?.policy ?? null,
    async call({ name, arguments: given }, user, signal) {
      const startedAt = performance.now()
      const end = (outcome: ToolOutcome, content: string): ToolResult => {
        const ms = performance.now() - startedAt
        log.info({ turnId: user.turnId, tool: name, outcome, ms: Math.round(ms) }, 'tool called')
        return { outcome, ms, content: asData(name, content, user.roomBytes) }
      }
      const tool = named(name)
      if (tool === undefined) return end('unknown', `There is no tool "${cut(name, 64)}".`)
      const late = tooLate(name)
      // Also of one that does not heed its signal.
      const run = (stop: AbortSignal) => untilAborted(tool.run(given, stop, user), stop)
      try {
        return end('done', await patiently(CALLED_WITHIN_MS, signal, () => late, run))
      } catch (error) {
        if (signal.aborted) {
          end('cancelled', '')
          throw signal.reason
        }
        if (error === late) return end('timeout', late.line)
        return end('failed', error instanceof QuantvoxError ? error.line : String(error))
      }
    },
  }
}

const tooLate = (name: string) =>
  new QuantvoxError('tool_failed', `The tool ${name} gave nothing within ${CALLED_WITHIN_MS / 1000} s.`)
