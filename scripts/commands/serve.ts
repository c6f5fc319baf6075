import type { Command } from 'commander'
import pino from 'pino'
import pretty from 'pino-pretty'
import { type Config, loadConfig } from '../../server/config.ts'
import { masked } from '../../server/credentials.ts'
import { outsideAddresses } from '../../server/doors/outsideAddresses.ts'
import { type StartOptions, startServer } from '../../server/main.ts'
import { ensurePage } from '../page/build.ts'
import { aboutOtherDevices, calledByAddress } from './lan/addresses.ts'
import { openToLan, qrCode } from './lan/openToLan.ts'
import { createProgressView } from './progressView.ts'
import { settingFlags, settingsOf } from './settingFlags.ts'

const ECHO_MS = 1_000
const HOW_TO_USE_A_PHONE =
  'Point a phone on this network at it. The phone warns once of a certificate that nobody vouches for: go on past that, and it is the microphone.'

/** `quantvox serve`: what `npm start` runs. Gets what is missing, starts, prints the address when a turn can be answered. */
export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .description('start the server; gets engines and models that are missing')
  settingFlags(command)
  command.option(
    '--lan',
    'open it to the devices of this network: token, certificate and a QR code for a phone, kept in DATA_DIR',
  )
  command.action(async (options: Record<string, unknown>) => {
    const { config: asSet, origins } = loadConfig(settingsOf(options))
    const byHand = (name: string) => origins[name] !== 'default'
    const isLan = options.lan === true
    const config = isLan
      ? openToLan(asSet, byHand, outsideAddresses())
      : calledByAddress(asSet, byHand('PUBLIC_URL'), outsideAddresses())
    const stream = process.stderr.isTTY
      ? pretty({ destination: 2, ignore: 'pid,hostname', sync: true })
      : pino.destination(2)
    const log = pino({ level: config.LOG_LEVEL, hooks: { streamWrite: masked } }, stream)
    const view = createProgressView(process.stderr)
    const page = await ensurePage(status =>
      view.onProgress({ item: 'page', status, completedBytes: null, totalBytes: null }),
    )
    await runServer(config, {
      log,
      page,
      report: (item, progress) => view.onProgress({ item, ...progress }),
      told: () => view.done(),
      showsQrCode: isLan,
    })
  })
}

/**
 * Serves until a signal: starts, says on standard output when a turn can be answered, and stops gracefully. Ends the process.
 *
 * @param options.told is called before each line on standard output
 * @param options.showsQrCode adds the address as a picture for a phone's camera
 */
export async function runServer(
  config: Config,
  options: StartOptions & { told?(): void; showsQrCode?: boolean },
): Promise<void> {
  const { log, told = () => {}, showsQrCode = false } = options
  const stopped = untilToldToStop()
  const server = await startServer(config, options)
  const token = config.AUTH_TOKEN === null ? '' : `/#token=${config.AUTH_TOKEN}`
  // Since the process began.
  const seconds = () => (performance.now() / 1000).toFixed(1)
  server.ready
    .then(() => {
      told()
      process.stdout.write(`Quantvox is ready after ${seconds()} s: ${server.url}${token}\n`)
      for (const line of aboutOtherDevices(config, server.url)) process.stdout.write(`${line}\n`)
      if (showsQrCode) process.stdout.write(`${qrCode(`${server.url}${token}`)}${HOW_TO_USE_A_PHONE}\n`)
    })
    .catch((error: unknown) => {
      if (stopped.begun()) return
      told()
      process.stdout.write(`Quantvox listens at ${server.url}${token}, but is not ready: ${lineOf(error)}\n`)
    })
  await stopped.promise
  log.info('stopping')
  await server.stop()
  process.exit(0)
}

function lineOf(error: unknown): string {
  return error instanceof Error && 'line' in error ? String(error.line) : String(error)
}

/**
 * A signal, or the end of the launcher; a second one ends at once. Ctrl-C reaches this process from the terminal and again from the
 * launcher, so below a launcher one repetition of the first is not the second.
 */
function untilToldToStop(): { promise: Promise<void>; begun(): boolean } {
  const { promise, resolve: stop } = Promise.withResolvers<void>()
  let first: { name: string; atMs: number } | null = null
  let echoed = false
  const tell = (name: string) => {
    if (first === null) {
      first = { name, atMs: performance.now() }
      return stop()
    }
    const isEcho = !echoed && process.connected && name === first.name
    if (!isEcho || performance.now() - first.atMs > ECHO_MS) process.exit(1)
    echoed = true
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, tell)
  // The launcher hangs up when it is told to stop a second time, too.
  process.once('disconnect', tell)
  return { promise, begun: () => first !== null }
}
