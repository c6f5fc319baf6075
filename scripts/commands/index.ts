import { Command, CommanderError } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { isAbort, toQuantvoxError } from '../../server/errors.ts'
import { addAsk } from './ask/ask.ts'
import { addCompare } from './compare/compare.ts'
import { addConfig } from './config.ts'
import { addDoctor } from './doctor.ts'
import { addModels } from './models/modelCommands.ts'
import { addServe } from './serve.ts'
import { addSetup } from './setup.ts'
import { addTurns } from './turns/turnCommands.ts'

/** Exit codes: 0 done, 1 failed, 2 wrong usage. */

const interrupted = new AbortController()
const args = process.argv.length > 2 ? process.argv.slice(2) : ['serve']

const program = new Command('quantvox')
  .description('A local voice assistant on quantized models that shows what quantization costs and gains.')
  .version(packageJson.version)
  .showSuggestionAfterError()
  .configureHelp({ showGlobalOptions: true })
  .exitOverride()

for (const add of [addServe, addSetup, addDoctor, addModels, addAsk, addCompare, addTurns, addConfig]) {
  add(program, interrupted.signal)
}

// Serving stops in its own, gentler way.
if (args[0] !== 'serve') {
  // A reader that has enough (`| head`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => interrupted.abort(new Error(`stopped by ${name}`)))
  }
  // The launcher is gone, however it ended: nobody waits for the command any more.
  process.once('disconnect', () => interrupted.abort(new Error('the launcher ended')))
}
// The launcher's channel must not keep a finished command alive.
process.channel?.unref()

try {
  await program.parseAsync(args, { from: 'user' })
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2
  } else {
    const known = toQuantvoxError(error)
    const reason = isAbort(error, interrupted.signal) ? 'stopped.' : known.line
    process.stderr.write(`quantvox: ${reason}\n`)
    if (known.code === 'internal' && !interrupted.signal.aborted)
      process.stderr.write(`${String((error as Error)?.stack ?? error)}\n`)
    process.exitCode = 1
  }
}
