import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { loadConfig } from '../../../server/config.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import type { TurnFilters } from '../../../server/protocol/turnQueries.ts'
import { backUpRecord } from '../../../server/record/sqlite/backup.ts'
import { TURN_FILE_NAME } from '../../../server/record/sqlite/store.ts'
import { wholeNumber } from '../quantities.ts'
import { findTurns } from './turnSource.ts'
import { exportTurns, listTurns, showTurn } from './turns.ts'

/** `quantvox turns`: the record, from a running server or from where it is. */
export function addTurns(program: Command, signal: AbortSignal): void {
  const turns = program.command('turns').description('read the record of turns, or copy it')

  filters(turns.command('list').description('the newest turns as a table'))
    .option('--limit <n>', 'how many', wholeNumber, 20)
    .option('--cursor <cursor>', 'where the page before ended')
    .option('--wide', 'with the names of the models and whole ids')
    .option('--json', 'as JSON')
    .action(
      async ({
        limit,
        cursor,
        json,
        wide,
        ...rest
      }: { limit: number; cursor?: string; json?: boolean; wide?: boolean } & TurnFilters) => {
        const page = { limit, ...(cursor === undefined ? {} : { cursor }) }
        await listTurns({
          location: await location(signal),
          out: process.stdout,
          signal,
          json: json ?? false,
          wide: wide ?? false,
          filters: rest,
          ...page,
        })
      },
    )

  turns
    .command('show')
    .description('one turn: what was said and where the time went')
    .argument('<id>', 'turn id; of a recent one its end will do')
    .option('--json', 'as JSON')
    .action(async (turnId: string, { json }: { json?: boolean }) => {
      await showTurn({
        location: await location(signal),
        out: process.stdout,
        signal,
        turnId,
        json: json ?? false,
      })
    })

  filters(turns.command('export').description('all selected turns as CSV or NDJSON'))
    .addOption(new Option('--format <format>', 'file format').choices(['csv', 'ndjson']).default('csv'))
    .option('--out <file>', 'write to this file instead of standard output')
    .action(async ({ format, out, ...rest }: { format: 'csv' | 'ndjson'; out?: string } & TurnFilters) => {
      const target = out === undefined ? {} : { file: out }
      const { bytes } = await exportTurns({
        location: await location(signal),
        out: process.stdout,
        signal,
        format,
        filters: rest,
        ...target,
      })
      if (out !== undefined) process.stderr.write(`${bytes} bytes written to ${out}\n`)
    })

  turns
    .command('backup')
    .description('copy the record to a file of its own, also while the server runs')
    .argument('<file>', 'SQLite file to write; an older one of that name is replaced')
    .action((file: string) => {
      const path = join(loadConfig().config.DATA_DIR, TURN_FILE_NAME)
      const count = backUpRecord(path, file)
      process.stderr.write(`${count} turns of ${path} copied to ${file}\n`)
    })

  turns
    .command('import')
    .description('copy a record, an SQLite file, into that of RECORD_URL, also while servers write it')
    .argument('<file>', 'quantvox.sqlite of a server, or a copy; it stays as it is')
    .action(async (file: string) => {
      const { RECORD_URL } = loadConfig().config
      if (RECORD_URL === null) {
        throw new QuantvoxError(
          'invalid_request',
          'RECORD_URL is not set, so there is nothing to import into.',
          {
            mend: 'Set it to the PostgreSQL that your servers share; docs/scale.md has more.',
          },
        )
      }
      const { importRecord } = await import('../../../server/record/postgres/import.ts')
      const { added, known, refused } = await importRecord(file, RECORD_URL, signal)
      const left = refused === 0 ? '' : `; ${refused} rows are no turn records and were left out`
      process.stderr.write(`${added} turns imported, ${known} were known already${left}\n`)
    })
}

function filters(command: Command): Command {
  return command
    .option(
      '--since <time>',
      'from this time on: 2026-11-23 (the beginning of that day here) or 2026-11-23T08:00',
    )
    .option('--until <time>', 'before this time, written alike')
    .option('--llm-model <tag>', 'of this Ollama tag')
    .option('--speech-model <level>', 'of this speech model level')
    .option('--outcome <outcome>', 'completed, interrupted, no-speech, discarded or failed')
    .option('--conversation-id <id>', 'of this conversation')
}

function location(signal: AbortSignal) {
  const { config } = loadConfig()
  return findTurns({
    baseUrl: config.PUBLIC_URL,
    token: config.AUTH_TOKEN,
    databasePath: join(config.DATA_DIR, TURN_FILE_NAME),
    recordUrl: config.RECORD_URL,
    signal,
  })
}
