import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import { type ChatSettings, type ReplyPart, respond } from '../../../server/llm/respond.ts'
import { type ScriptedOllama, scriptedOllama } from './scriptedOllama.ts'

const servers: ScriptedOllama[] = []
export async function ollama(routes: Parameters<typeof scriptedOllama>[0]): Promise<ScriptedOllama> {
  const server = await scriptedOllama(routes)
  servers.push(server)
  return server
}
export const chat = (answer: (response: ServerResponse) => unknown) => ollama({ '/api/chat': answer })

const printed: unknown[][] = []
beforeEach(() => {
  printed.length = 0
  for (const how of ['log', 'warn', 'error', 'info', 'debug'] as const)
    vi.spyOn(console, how).mockImplementation((...said) => void printed.push(said))
})
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(servers.splice(0).map(server => server.close()))
  expect(printed).toEqual([])
})

export const options = {
  model: 'm:1b',
  numCtx: 2048,
  numThread: null,
  keepAlive: '5m',
  temperature: 0.5,
  seed: 7,
}
export const messages = [{ role: 'user' as const, content: 'Hi' }]
export const never = new AbortController().signal

export async function partsOf(
  url: string,
  signal = never,
  change: Partial<ChatSettings> = {},
): Promise<ReplyPart[]> {
  const parts: ReplyPart[] = []
  for await (const part of respond(url, messages, { ...options, ...change }, signal)) parts.push(part)
  return parts
}
