import Type, { type Static } from 'typebox'
import { nullable } from './nullable.ts'

/** `/readyz` and `/v1/info`. */

export const Readiness = Type.Object({
  ready: Type.Boolean(),
  notReady: Type.Array(
    Type.Object({
      what: Type.String({ description: 'engine or model' }),
      why: Type.String(),
      mend: Type.Optional(Type.String()),
    }),
  ),
})
export type Readiness = Static<typeof Readiness>

const nullableText = nullable(Type.String())

export const EngineInfo = Type.Object({
  name: Type.String({ description: 'ollama, whisper-server, moonshine, flite, hibari, kokoro or piper' }),
  version: nullableText,
  where: Type.String({ description: 'a URL, or how it is run here' }),
  owned: Type.Boolean({ description: 'a child of this server' }),
  state: Type.String(),
  cpuFeatures: nullable(Type.Array(Type.String()), {
    description:
      'SIMD features that the engine says it uses; null where it says nothing, or is not ours to hear',
  }),
})
export type EngineInfo = Static<typeof EngineInfo>

/** Whether turns are recorded; a voice goes on either way. */
export const RecordInfo = Type.Object({
  state: Type.Enum(['recording', 'spooling', 'not-recording'], {
    description: 'spooling: kept in a file of this replica until PostgreSQL takes them again',
  }),
  detail: nullable(Type.String(), {
    description: 'what is wrong with the record, what it means and what mends it',
  }),
  unwritten: Type.Integer({ description: 'turns that wait in memory for the record' }),
  spooled: nullable(Type.Integer(), {
    description: 'turns that wait in a file of this replica for PostgreSQL; null without RECORD_URL',
  }),
})
export type RecordInfo = Static<typeof RecordInfo>

/** Spoken replies that servers share. */
export const SharedRepliesInfo = Type.Object({
  waiting: Type.Integer({ description: 'turns whose audio waits in a folder of this server' }),
  detail: nullable(Type.String(), { description: 'why it waits, what it means and what mends it' }),
})
export type SharedRepliesInfo = Static<typeof SharedRepliesInfo>

export const ServerInfo = Type.Object({
  version: Type.String(),
  nodeVersion: Type.String(),
  publicUrl: Type.String({ description: 'what browsers call the server (PUBLIC_URL)' }),
  engines: Type.Array(EngineInfo),
  record: RecordInfo,
  sharedReplies: nullable(SharedRepliesInfo, { description: 'null without REPLY_STORE' }),
  limits: Type.Object({
    maxSessions: Type.Integer(),
    maxUtteranceSeconds: Type.Integer(),
    maxUploadBytes: Type.Integer(),
    maxClipSeconds: Type.Integer(),
    maxJsonBytes: Type.Integer(),
  }),
  defaults: Type.Object({
    llmModel: nullableText,
    speechModel: Type.String(),
    voice: Type.String(),
    numCtx: Type.Integer(),
  }),
  hardware: Type.Object({
    cpu: Type.String(),
    cores: Type.Integer({ description: 'of the machine' }),
    usableCores: Type.Integer({ description: 'by affinity and CPU quotas; the engines use as many threads' }),
    memoryBytes: Type.Integer(),
    platform: Type.String(),
  }),
  process: Type.Object({
    pid: Type.Integer(),
    residentBytes: Type.Integer(),
    eventLoopDelayP99Ms: nullable(Type.Number(), {
      description: 'of the server process since it was ready',
    }),
  }),
})
export type ServerInfo = Static<typeof ServerInfo>
