import type { ChildProcess } from 'node:child_process'
import {
  type JSONRPCMessage,
  ReadBuffer,
  serializeMessage,
  type Transport,
} from '@modelcontextprotocol/client'
import { getDefaultEnvironment } from '@modelcontextprotocol/client/stdio'
import { within } from '../../abort.ts'

/** What runs a program whose input, output and errors are pipes, as leader of a process group that ends with us. */
export type Programs = {
  /** Rejects where it cannot be run. */
  start(command: string, args: string[], env: Record<string, string>): Promise<ChildProcess>
  /** To its whole group. */
  signal(program: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void
}

export type Program = { command: string; args?: string[]; env?: Record<string, string> }

/** Who heeds neither the end of its input nor SIGTERM within so long is killed; each is waited for that long. */
const PATIENCE_MS = 1500

/**
 * A server that is a program, spoken to over its input and output. The SDK's own transport leaves behind what the program started,
 * everything where we are killed, and returns before a program that it had to kill is gone.
 */
export function programTransport(
  { command, args = [], env = {} }: Program,
  programs: Programs,
  maxMessageBytes: number,
): Transport {
  const read = new ReadBuffer({ maxBufferSize: maxMessageBytes })
  let program: ChildProcess | null = null
  let closing: Promise<void> | null = null

  async function end(running: ChildProcess): Promise<void> {
    const isOver = () => running.exitCode !== null || running.signalCode !== null
    // What it started may hold its output open longer than it lives.
    const over = isOver() ? Promise.resolve() : new Promise<unknown>(resolve => running.once('exit', resolve))
    running.stdin?.end()
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await within(over, PATIENCE_MS, () => programs.signal(running, signal))
    }
    await within(over, PATIENCE_MS, () => {})
    for (const stream of [running.stdin, running.stdout, running.stderr]) stream?.destroy()
    read.clear()
    transport.onclose?.()
  }

  const transport: Transport = {
    async start() {
      // Of our environment it gets where programs are, and no secret.
      const running = await programs.start(command, args, { ...getDefaultEnvironment(), ...env })
      program = running
      const failed = (error: Error) => transport.onerror?.(error)
      running.on('error', failed)
      running.once('exit', () => void transport.close())
      for (const stream of [running.stdin, running.stdout, running.stderr]) stream?.on('error', failed)
      running.stderr?.resume()
      running.stdout?.on('data', (chunk: Buffer) => {
        try {
          read.append(chunk)
        } catch (error) {
          failed(error as Error)
          void transport.close()
          return
        }
        take(failed)
      })
    },
    async send(message: JSONRPCMessage) {
      if (program?.stdin?.writable !== true || closing !== null) throw new Error('the program has ended')
      // One that reads nothing holds up its own requests, which end in time, and nothing else.
      program.stdin.write(serializeMessage(message))
    },
    close() {
      closing ??= program === null ? Promise.resolve() : end(program)
      return closing
    },
  }

  function take(failed: (error: Error) => void): void {
    for (;;) {
      try {
        const message = read.readMessage()
        if (message === null) return
        transport.onmessage?.(message)
      } catch (error) {
        failed(error as Error)
      }
    }
  }

  return transport
}
