import Type, { type TSchema } from 'typebox'
import { FALLBACK_SPEECH_MODEL, PREFERRED_SPEECH_MODEL } from './shared/defaults/speechDefaults.ts'
import { FALLBACK_VOICE, PREFERRED_VOICE } from './shared/defaults/voiceDefaults.ts'
import { WAKE_THRESHOLD, WAKE_WORD } from './shared/defaults/wakeDefaults.ts'

/** The schema of all settings: name, default, bounds and meaning. README's table and `.env.example` are made from it. */

const optional = <T extends TSchema>(schema: T, description: string) =>
  Type.Union([schema, Type.Null()], { description })
const list = <T extends TSchema>(item: T, description: string) =>
  Type.Array(item, { default: [], kind: 'list', description })

/** Scheme, host and port; a final slash is forgiven. */
const Origin = Type.String({
  pattern: '^https?://(\\[[0-9a-fA-F:.]+\\]|[^\\s/?#@:\\[\\]*]+)(:\\d{1,5})?/?$',
})
/** The same, with the path below which a proxy passes requests on. */
const PublicUrl = Type.String({
  pattern: '^https?://(\\[[0-9a-fA-F:.]+\\]|[^\\s/?#@:\\[\\]*]+)(:\\d{1,5})?(/[^\\s?#@]*)?$',
})
/** With credentials or without; after the host an @ would be the rest of a password that holds a slash. */
const BaseUrl = Type.String({ pattern: '^https?://[^\\s/?#]+(/[^\\s?#@]*)?$' })
/** The same, behind the name of a speech level and an equals sign or alone. */
const SpeechHost = Type.String({
  pattern: '^([A-Za-z0-9][A-Za-z0-9._-]{0,99}=)?https?://[^\\s/?#]+(/[^\\s?#@]*)?$',
})
/** As in OTEL_RESOURCE_ATTRIBUTES, percent-encoded. */
const Pair = Type.String({ pattern: '^[^=\\s]+=(%[0-9A-Fa-f]{2}|[^%])*$' })

export const Settings = Type.Object({
  HOST: Type.String({
    default: '127.0.0.1',
    description: 'Address to listen on. Any but loopback needs AUTH_TOKEN.',
  }),
  PORT: Type.Integer({ default: 3000, minimum: 0, maximum: 65535, description: 'Port; 0 takes a free one.' }),
  PUBLIC_URL: optional(
    PublicUrl,
    'What browsers call us, with the path where a proxy passes one on; default http://HOST:PORT. The host and origin guard accepts it, loopback names and ALLOWED_ORIGINS.',
  ),
  ALLOWED_ORIGINS: list(Origin, 'More origins that may use the server, exact, comma-separated.'),
  TLS_CERT: optional(Type.String(), 'Certificate file; microphones on other devices need https.'),
  TLS_KEY: optional(Type.String(), 'Its private key file.'),
  AUTH_TOKEN: optional(
    Type.String({ minLength: 16 }),
    'Bearer token for all but health checks, the page and the docs; at least 16 characters.',
  ),
  DATA_DIR: Type.String({ default: './data', description: 'The record (SQLite) and saved audio.' }),
  RECORD_URL: optional(
    Type.String({ pattern: '^postgres(ql)?://[^\\s]+$' }),
    'PostgreSQL that holds the record of several servers, postgres://user:password@host/database?sslmode=verify-full; DATA_DIR then keeps turns until it has them. See docs/scale.md.',
  ),
  REPLICA_ID: optional(
    Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$' }),
    'Name of this server among those with the same RECORD_URL, in each of its turns; default there: the name of the machine.',
  ),
  ROLE: Type.Enum(['all', 'voice', 'engines', 'lab'], {
    default: 'all',
    description:
      'What this process does among several machines: all of it; voice: turns, with models at OLLAMA_HOST and SPEECH_URL; engines: nothing but one language and one speech model, at the port of OLLAMA_HOST and at SPEECH_PORT of loopback; lab: comparisons, and no turns from a balancer. See docs/scale.md.',
  }),
  REPLY_STORE: optional(
    Type.String({ minLength: 1, pattern: '^(?!s3:)|^s3://[a-z0-9][a-z0-9.-]+(/[A-Za-z0-9._/-]*)?$' }),
    'Where servers share spoken replies: a folder that all see, or s3://bucket/prefix; DATA_DIR then keeps them until they are there. See docs/scale.md.',
  ),
  AWS_ACCESS_KEY_ID: optional(
    Type.String({ minLength: 1 }),
    'Access key for REPLY_STORE=s3://…; treated as secret.',
  ),
  AWS_SECRET_ACCESS_KEY: optional(Type.String({ minLength: 1 }), 'Its secret.'),
  AWS_REGION: Type.String({ default: 'us-east-1', minLength: 1, description: 'Region of that bucket.' }),
  AWS_ENDPOINT_URL: optional(
    BaseUrl,
    'Base URL of what answers like S3 (MinIO, Garage, R2), where it is not Amazon; buckets are asked for by path.',
  ),
  AUDIO_DIRS: list(
    Type.String({ minLength: 1 }),
    'Folders below which comparisons may read clips, comma-separated; none by default.',
  ),
  CACHE_DIR: optional(
    Type.String(),
    'Engines and models that setup fetched, safe to delete; default $XDG_CACHE_HOME/quantvox or ~/.cache/quantvox.',
  ),
  OLLAMA_HOST: Type.String({
    default: 'http://127.0.0.1:11434',
    description: "Ollama's own variable. If nothing answers at the default, the server runs its own Ollama.",
  }),
  LLM_MODEL: optional(
    Type.String({ minLength: 1 }),
    'Ollama tag; default: the first of models/catalog.json that is installed or can be had; without a registry of Ollama by what this machine is fast enough for.',
  ),
  SPEECH_MODEL: optional(
    Type.String({ minLength: 1 }),
    `Catalog name of a speech model level; default: ${PREFERRED_SPEECH_MODEL} where it can be had, else ${FALLBACK_SPEECH_MODEL}.`,
  ),
  SPEECH_LANGUAGE: Type.String({
    default: 'auto',
    description:
      'Language of what is said: ISO 639, with a region or without (de, en-US); auto has a multilingual model find out, which takes it longer.',
  }),
  VOCABULARY: {
    ...list(
      Type.String({ minLength: 1, maxLength: 60 }),
      'Names and other rare words that are said, comma-separated, for speech models that take them (Whisper); some 100 at most, the last count.',
    ),
    maxItems: 200,
  },
  SPEECH_URL: list(
    SpeechHost,
    'Base URLs of running speech engines, comma-separated; then none is started here. A level=URL says which level that one has, and only levels that are named can be chosen then; without it is a whisper-server that has what it has. One that is named twice takes two requests at once.',
  ),
  ROUTER_SOCKET: optional(
    Type.String({ minLength: 1 }),
    'Admin socket of the router before the pools that this machine is in, a path or host:port: a comparison takes ROUTER_SERVERS out of them, and gives them back at its end, or if it dies.',
  ),
  ROUTER_SERVERS: list(
    Type.String({ pattern: '^[A-Za-z0-9._:-]+/[A-Za-z0-9._:-]+$' }),
    'What that router calls this machine, backend/server, comma-separated: llm/o1,speech/w1.',
  ),
  SPEECH_PORT: Type.Integer({
    default: 8080,
    minimum: 1,
    maximum: 65_535,
    description: 'Where the speech engine answers with ROLE=engines, on loopback.',
  }),
  VOICE: optional(
    Type.String({ minLength: 1, maxLength: 200 }),
    `flite:<kal16|awb|rms|slt>, hibari:heart, kokoro:<voice> (GET /v1/voices names them), piper:joe, browser (the page speaks), none, or remote:<voice> with SYNTHESIS_URL; default: ${PREFERRED_VOICE} where it can be had, else ${FALLBACK_VOICE}.`,
  ),
  SYNTHESIS_URL: optional(BaseUrl, 'Server with POST /v1/audio/speech for remote voices.'),
  ENDPOINTING: Type.Enum(['learned', 'silence'], {
    default: 'learned',
    description:
      'What ends a turn of a live session: how the voice sounds at a pause and whether what it said can end there, or SILENCE_MS of silence.',
  }),
  ENDPOINTING_PRESET: Type.Enum(['fast', 'balanced', 'patient'], {
    default: 'balanced',
    description: 'How soon a turn ends with ENDPOINTING=learned.',
  }),
  SPECULATION: Type.Enum(['on', 'off'], {
    default: 'on',
    description:
      'Ask the language model at a pause already, where it has nothing else to do, and hold its reply back until the turn is over; sooner answers for more work.',
  }),
  SILENCE_MS: Type.Integer({
    default: 500,
    minimum: 100,
    maximum: 3000,
    description:
      'Silence that ends a turn of a live session with ENDPOINTING=silence; else where nothing can be told of a pause.',
  }),
  BARGE_IN_MS: Type.Integer({
    default: 250,
    minimum: 0,
    maximum: 10_000,
    description:
      'Voiced milliseconds from which on speech interrupts a reply, unless its words show that it is not meant to; "stop" does however short; 0: nothing said does.',
  }),
  WAKE_WORD: Type.String({
    default: WAKE_WORD,
    minLength: 1,
    maxLength: 100,
    description:
      'What is to be said first in wake-word mode: hey-jarvis, hey-mycroft, hey-rhasspy, alexa, or a model in WAKE_DIR by its name.',
  }),
  WAKE_THRESHOLD: Type.Number({
    default: WAKE_THRESHOLD,
    minimum: 0.01,
    maximum: 1,
    description:
      'Score from which on it counts as said; lower hears it more often, and where it was not said.',
  }),
  WAKE_DIR: optional(
    Type.String(),
    'Folder of wake words of your own: ONNX models trained with openWakeWord, named <what-is-said>.onnx.',
  ),
  PARTIAL_TRANSCRIPTS: Type.Boolean({
    default: true,
    description: 'Show what is being said while it is said; takes up to half of the speech engine.',
  }),
  SYSTEM_PROMPT: optional(
    Type.String(),
    'Replaces the built-in system prompt, which asks for short spoken answers.',
  ),
  NUM_CTX: Type.Integer({
    default: 4096,
    minimum: 512,
    maximum: 1_048_576,
    description: 'Context window in tokens, the same on every call so that Ollama never reloads a model.',
  }),
  LLM_SLOTS: Type.Integer({
    default: 1,
    minimum: 1,
    maximum: 1000,
    description:
      'Replies of the language model at once; more than 1 is for a router before several hosts (as many as MAX_SESSIONS, since it queues), or an Ollama with that OLLAMA_NUM_PARALLEL.',
  }),
  KEEP_ALIVE: Type.String({
    default: '30m',
    pattern: '^[-+]?(\\d+(\\.\\d+)?|((\\d+(\\.\\d*)?|\\.\\d+)(ns|us|µs|μs|ms|s|m|h))+)$',
    description:
      'How long Ollama keeps an idle model loaded: a duration of Go, or seconds; for ever where negative. An Ollama that is not ours keeps to its own, unless this is set.',
  }),
  ALLOW_REMOTE_MODELS: Type.Boolean({
    default: false,
    description:
      'Use Ollama tags that run elsewhere ("cloud" models); what is said leaves this machine then.',
  }),
  TEMPERATURE: Type.Number({ default: 0.6, minimum: 0, maximum: 2, description: 'Temperature of the LLM.' }),
  MCP_CONFIG: optional(
    Type.String({ minLength: 1 }),
    'JSON file that names MCP servers and which of their tools the language model may call; see docs/tools.md.',
  ),
  SEED: optional(Type.Integer({ minimum: 0 }), 'Fixed seed for the LLM; default none.'),
  SAVE_TEXT: Type.Boolean({
    default: true,
    description: 'Keep transcript and reply with a turn, and by them conversations.',
  }),
  SAVE_AUDIO: Type.Boolean({ default: false, description: 'Keep the audio of a turn, question and reply.' }),
  RETENTION_DAYS: Type.Integer({
    default: 0,
    minimum: 0,
    description: 'Delete turns older than this; 0 keeps them.',
  }),
  MAX_SESSIONS: Type.Integer({
    default: 16,
    minimum: 1,
    maximum: 1000,
    description: 'Sessions at once, and as many one-shot turns.',
  }),
  MAX_UTTERANCE_SECONDS: Type.Integer({
    default: 60,
    minimum: 1,
    maximum: 600,
    description: 'Longest utterance of a live turn.',
  }),
  MAX_UPLOAD_MB: Type.Integer({
    default: 25,
    minimum: 1,
    maximum: 1024,
    description: 'Largest upload, MiB.',
  }),
  WYOMING_PORT: optional(
    Type.Integer({ minimum: 0, maximum: 65_535 }),
    'Port for Home Assistant (Wyoming, over TCP, usually 10300) at HOST, 0 takes a free one; off by default. The protocol has no authentication: whoever reaches it may speak, listen and ask.',
  ),
  STOP_SECONDS: Type.Integer({
    default: 30,
    minimum: 0,
    maximum: 600,
    description: 'How long a stop lets running turns go on; then they are interrupted.',
  }),
  LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info',
    description: 'pino level. What people said is logged only at debug, and only as fields.',
  }),
  OTEL_TRACES_EXPORTER: Type.Enum(['none', 'otlp'], {
    default: 'none',
    description:
      'otlp sends a trace of every turn, without what was said. The OTEL names are those of OpenTelemetry.',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    ...BaseUrl,
    default: 'http://localhost:4318',
    description: 'Base URL of the receiver of traces, which takes OTLP in protobuf over HTTP.',
  },
  OTEL_EXPORTER_OTLP_HEADERS: list(Pair, 'Headers for it, name=value, comma-separated; treated as secret.'),
  OTEL_SERVICE_NAME: Type.String({ default: 'quantvox', minLength: 1, description: 'Its name in traces.' }),
  OTEL_RESOURCE_ATTRIBUTES: list(
    Pair,
    'What else every trace says of this server, name=value, comma-separated.',
  ),
})

/** Before the name of any setting; it wins over the plain name. */
export const SETTING_PREFIX = 'QUANTVOX_'

/** True for the name of an environment variable that is a setting of ours, with or without its prefix. */
export function isSetting(variable: string): boolean {
  return Object.hasOwn(
    Settings.properties,
    variable.startsWith(SETTING_PREFIX) ? variable.slice(SETTING_PREFIX.length) : variable,
  )
}

/** Shown to nobody, left out of flags (a command line is public) and taken out of the environment once read. */
export const secretSettings: ReadonlySet<string> = new Set([
  'AUTH_TOKEN',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'RECORD_URL',
])

/** A value in an error; whole only where it can hold no secret, of which one that cannot be read may hold any part. */
export const shownSetting = (name: string, text: string): string =>
  secretSettings.has(name) || text.includes('@') ? '(not shown, for what is secret in it)' : `"${text}"`
