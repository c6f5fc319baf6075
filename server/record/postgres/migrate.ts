import type { Pool, PoolClient } from 'pg'
import { QuantvoxError } from '../../errors.ts'
import { schemaVersion, steps } from '../migrations.ts'

/** Any number that no other program takes in this database. */
const LOCK = 7_118_325_114

/**
 * Brings the schema to the newest version, one replica after another, all in one transaction. A replica that may only read and write rows
 * finds it up to date and asks for nothing more. Throws `record_unavailable` for the record of a newer Quantvox.
 */
export async function migrate(pool: Pool): Promise<void> {
  const client = await pool.connect()
  // One that breaks tells its client beside the query, and would end the process where nobody hears it: the pool does not while it is lent.
  const heard = () => {}
  client.on('error', heard)
  try {
    if ((await versionOf(client)) === schemaVersion) return client.release()
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK])
    await client.query('CREATE TABLE IF NOT EXISTS quantvox_schema (version integer NOT NULL)')
    const version = await versionOf(client)
    if (version > schemaVersion) throw newerRecord(version)
    for (const step of steps.slice(version)) await client.query(step.postgres)
    await client.query('DELETE FROM quantvox_schema')
    await client.query('INSERT INTO quantvox_schema (version) VALUES ($1)', [schemaVersion])
    await client.query('COMMIT')
    client.release()
  } catch (error) {
    // Its transaction ends with the connection.
    client.release(true)
    throw error
  } finally {
    client.off('error', heard)
  }
}

/** 0 where there is no record yet. */
async function versionOf(client: PoolClient): Promise<number> {
  const found = await client.query<{ known: boolean }>(
    "SELECT to_regclass('quantvox_schema') IS NOT NULL AS known",
  )
  if (!found.rows[0]?.known) return 0
  const { rows } = await client.query<{ version: number }>('SELECT version FROM quantvox_schema')
  return rows[0]?.version ?? 0
}

const newerRecord = (version: number) =>
  new QuantvoxError(
    'record_unavailable',
    `The record in PostgreSQL has schema version ${version}; this Quantvox knows versions up to ${schemaVersion}.`,
    {
      meaning: 'It was written by a newer Quantvox; turns are kept in a file of this replica.',
      mend: 'Update this replica, or set RECORD_URL to another database.',
    },
  )
