import { describe, expect, test } from 'vitest'
import { readConfig } from '../../../server/config.ts'

describe("OLLAMA_HOST in Ollama's own notations", () => {
  // Ollama, envconfig/config.go, Host(): without a scheme the port is 11434, with one it is that of the scheme.
  test.each([
    ['127.0.0.1', 'http://127.0.0.1:11434'],
    ['http://127.0.0.1:11434', 'http://127.0.0.1:11434'],
    ['127.0.0.1:8000', 'http://127.0.0.1:8000'],
    [':8000', 'http://127.0.0.1:8000'],
    ['box', 'http://box:11434'],
    ['box:80', 'http://box'],
    ['0.0.0.0', 'http://127.0.0.1:11434'],
    ['0.0.0.0:8000', 'http://127.0.0.1:8000'],
    ['[::1]', 'http://[::1]:11434'],
    ['::1', 'http://[::1]:11434'],
    ['::', 'http://[::1]:11434'],
    ['[::]:8000', 'http://[::1]:8000'],
    ['fd00::5', 'http://[fd00::5]:11434'],
    ['http://::1', 'http://[::1]'],
    ['https://[fd00::5]:8000', 'https://[fd00::5]:8000'],
    ['"box:8000"', 'http://box:8000'],
    ["'0.0.0.0'", 'http://127.0.0.1:11434'],
    ['box:', 'http://box:11434'],
    ['box:66000', 'http://box:11434'],
    ['http://box:port', 'http://box'],
    ['box/ollama', 'http://box:11434/ollama'],
    ['ada:secret@box', 'http://box:11434'],
    ['ada:secret@[::1]:8000', 'http://[::1]:8000'],
    ['ollama.com', 'https://ollama.com'],
    ['HTTP://Box:80', 'http://box'],
    ['[::1]:8000', 'http://[::1]:8000'],
    ['http://box', 'http://box'],
    ['http://box:11434/', 'http://box:11434'],
    ['https://box', 'https://box'],
    ['https://box/ollama/', 'https://box/ollama'],
  ])('%s is %s', (text, url) => {
    const { config } = readConfig({ flags: {}, environment: { OLLAMA_HOST: text }, dotEnv: {} })
    const { OLLAMA_HOST, ollamaHostSetByHand } = config
    expect([OLLAMA_HOST, ollamaHostSetByHand]).toEqual([url, true])
  })
})
