import { expect, it, vi } from 'vitest'
import { barLine, createProgressView } from '../../../scripts/commands/progressView.ts'

function linesOf(statuses: string[]): string[] {
  const lines: string[] = []
  const view = createProgressView({ write: (text: string) => lines.push(text) > 0 })
  for (const status of statuses)
    view.onProgress({ item: 'ollama', status, completedBytes: null, totalBytes: null })
  view.done()
  return lines
}

it('a log gets one line a step, not one a percent or a package', () => {
  expect(
    linesOf(['fetching the source', 'compiling', 'compiling net/http', 'compiling github.com/x', 'ready']),
  ).toEqual(['ollama: fetching the source\n', 'ollama: compiling\n', 'ollama: ready\n'])
  expect(linesOf(['compiling, 1 %', 'compiling, 2 %', 'compiling, 100 %'])).toEqual(['ollama: compiling\n'])
})

it('a log says within a step every ten seconds that it goes on, until it is over', () => {
  vi.useFakeTimers()
  const lines: string[] = []
  const view = createProgressView({ write: (text: string) => lines.push(text) > 0 })
  const download = (completedBytes: number) =>
    view.onProgress({ item: 'model', status: 'downloading', completedBytes, totalBytes: 100e6 })
  download(0)
  vi.advanceTimersByTime(9_999)
  download(25e6)
  expect(lines).toEqual(['model: downloading (100 MB)\n'])
  vi.advanceTimersByTime(10_001)
  expect(lines.slice(1)).toEqual([
    'model: downloading, 25 MB of 100 MB\n',
    'model: downloading, 25 MB of 100 MB\n',
  ])
  view.done()
  vi.advanceTimersByTime(60_000)
  expect(lines).toHaveLength(3)
  vi.useRealTimers()
})

it('a bar shows share and amount where they are known, else the status alone', () => {
  const line = barLine({ item: 'model', status: 'downloading', completedBytes: 25e6, totalBytes: 100e6 })
  expect(line).toContain('25 %')
  expect(line).toContain('25 MB of 100 MB')
  expect(line.match(/█/g)).toHaveLength(6)
  expect(barLine({ item: 'ollama', status: 'compiling', completedBytes: null, totalBytes: null })).toBe(
    'ollama  compiling',
  )
})
