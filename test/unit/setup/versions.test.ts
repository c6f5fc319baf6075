import { expect, it } from 'vitest'
import { compareVersions, versionOf } from '../../../server/setup/ollama/ollama.ts'
import { versionFromHelp } from '../../../server/setup/whisper/whisper.ts'

it("reads the program's own version, not that of a server that happens to run", () => {
  expect(versionOf('ollama version is 0.17.4')).toBe('0.17.4')
  expect(versionOf('ollama version is 0.20.1\nWarning: client version is 0.17.4')).toBe('0.17.4')
  expect(
    versionOf('Warning: could not connect to a running Ollama instance\nWarning: client version is 0.16.0'),
  ).toBe('0.16.0')
  expect(versionOf('zsh: exec format error')).toBeNull()
})

it('compares versions by number, not by letter', () => {
  expect(compareVersions('0.17.1', '0.17.1')).toBe(0)
  expect(compareVersions('0.9.9', '0.17.1')).toBeLessThan(0)
  expect(compareVersions('0.17.10', '0.17.9')).toBeGreaterThan(0)
  expect(compareVersions('1.0.0', '0.17.1')).toBeGreaterThan(0)
})

it('tells how new a whisper-server is by the options that its help names', () => {
  expect(versionFromHelp('--vad-model')).toBe('1.7.6 or newer')
  expect(versionFromHelp('--vad-model --no-flash-attn')).toBe('1.8.0 or newer')
  expect(versionFromHelp('--vad-model --no-flash-attn --tmp-dir')).toBe('1.8.4 or newer')
})
