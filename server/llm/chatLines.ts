import { foreignProtocol } from './failures.ts'

/** No object of a chat is nearly as long; what never ends its line must not fill the memory. Characters. */
const MAX_LINE_LENGTH = 2 ** 20

/**
 * Passes a chat's lines on, each whole and each JSON: the client prints any other to the console, with what was said
 * in it. Errors with `engine_failed` for a line that is no JSON. A last line that was cut is dropped; its stream has
 * no end, which the client says.
 */
export function wholeJsonLines(host: string): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  let held = ''
  let seen = false

  return new TransformStream({
    transform(chunk, controller) {
      const lines = (held + decoder.decode(chunk, { stream: true })).split('\n')
      held = lines.pop() ?? ''
      if (held.length > MAX_LINE_LENGTH) throw foreignProtocol(host)
      for (const line of lines) {
        if (line.trim() === '') continue
        if (!isJson(line)) throw foreignProtocol(host)
        seen = true
        controller.enqueue(encoder.encode(`${line}\n`))
      }
    },
    flush(controller) {
      if (held.trim() === '') return
      if (isJson(held)) controller.enqueue(encoder.encode(`${held}\n`))
      else if (!seen) throw foreignProtocol(host)
    },
  })
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
