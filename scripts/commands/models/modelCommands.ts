import type { Command } from 'commander'
import { loadConfig } from '../../../server/config.ts'
import { listModels, type ModelsOptions, pullModel, quantizeModel, removeModel } from './models.ts'

/** `quantvox models`: what there is, and getting, making and removing it. */
export function addModels(program: Command, signal: AbortSignal): void {
  const models = program.command('models').description('list, fetch, quantize and remove models')
  const options = (json = false): ModelsOptions => {
    const { config } = loadConfig()
    return {
      cacheDir: config.CACHE_DIR,
      wakeDir: config.WAKE_DIR,
      ollama: { host: config.OLLAMA_HOST, setByHand: config.ollamaHostSetByHand },
      server: { url: config.PUBLIC_URL, token: config.AUTH_TOKEN },
      json,
      out: process.stdout,
      signal,
    }
  }

  models
    .command('list')
    .description('speech model levels, voices, wake words and Ollama tags, installed and available')
    .option('--json', 'as JSON')
    .action(({ json }: { json?: boolean }) => listModels(options(json)))
  models
    .command('pull')
    .description('fetch a speech model level, a wake word or an Ollama tag')
    .argument('<name>', 'for instance whisper-base-q5_1, wake:hey-jarvis or llama3.2:1b-instruct-q8_0')
    .option('--accept-licence', 'of a wake word, which without it is only shown')
    .action((name: string, { acceptLicence = false }: { acceptLicence?: boolean }) =>
      pullModel(name, options(), acceptLicence),
    )
  models
    .command('quantize')
    .description('make a level from the unquantized model; all levels where the name has none')
    .argument('<name>', 'for instance whisper-base, whisper-base-q4_0 or an Ollama tag')
    .action((name: string) => quantizeModel(name, options()))
  models
    .command('remove')
    .description('delete a speech model level, a wake word or an Ollama tag from the disk')
    .argument('<name>', 'as "models list" shows it')
    .action((name: string) => removeModel(name, options()))
}
