/** What everything here logs with: fields for machines, a sentence for people. pino's loggers and Fastify's fit. */
export type Log = Record<'debug' | 'info' | 'warn' | 'error', (fields: object, message: string) => void>

/** For what is done to be told otherwise, or not at all. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
