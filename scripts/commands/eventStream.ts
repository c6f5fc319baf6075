export type StreamedEvent = { event: string; data: unknown }

/** The events of a `text/event-stream` whose data is JSON, as they come (WHATWG HTML, "Server-sent events"). */
export async function* streamedEvents(answer: Response): AsyncGenerator<StreamedEvent> {
  let held = ''
  for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const blocks = (held + chunk).split(/\r?\n\r?\n/)
    held = blocks.pop() ?? ''
    for (const block of blocks) {
      const field = (name: string) =>
        block
          .split(/\r?\n/)
          .flatMap(line => (line.startsWith(`${name}:`) ? [line.slice(name.length + 1).trimStart()] : []))
          .join('\n')
      const data = field('data')
      if (data !== '') yield { event: field('event') || 'message', data: JSON.parse(data) }
    }
  }
}
