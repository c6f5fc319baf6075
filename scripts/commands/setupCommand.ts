import type { Command } from 'commander'
import { loadConfig } from '../../server/config.ts'
import { settingFlags, settingsOf } from './settingFlags.ts'
import { setupCommand } from './setup.ts'

/** `quantvox setup`: gets what the first start needs, without starting. */
export function addSetup(program: Command, signal: AbortSignal): void {
  const command = program.command('setup').description('get the engines and the default models')
  settingFlags(command, ['CACHE_DIR', 'SPEECH_MODEL', 'LLM_MODEL', 'OLLAMA_HOST'])
  command.option('--json', 'print what is where as JSON').action(async (options: Record<string, unknown>) => {
    const { config } = loadConfig(settingsOf(options))
    await setupCommand({
      cacheDir: config.CACHE_DIR,
      speechModel: config.SPEECH_MODEL,
      languageModel: config.LLM_MODEL,
      ollama: { host: config.OLLAMA_HOST, setByHand: config.ollamaHostSetByHand },
      wantsWhisper: config.SPEECH_URL.length === 0,
      json: options.json === true,
      out: process.stdout,
      signal,
    })
  })
}
