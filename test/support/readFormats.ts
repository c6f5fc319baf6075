import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import Type, { type Static, type TSchema } from 'typebox'
import Value from 'typebox/value'

/** Other people's formats, read by their own reference implementations: the Go programs in `formats/`. */

/** What a test says when it is skipped; false where Go is there. */
export const goIsMissing = spawnSync('go', ['version']).status !== 0

/** The first run fetches modules and compiles. */
export const GO_TIMEOUT_MS = 240_000

const Text = Type.Record(Type.String(), Type.String())

const Exposition = Type.Object({
  families: Type.Array(
    Type.Object({
      name: Type.String(),
      type: Type.Enum(['COUNTER', 'GAUGE', 'HISTOGRAM']),
      series: Type.Array(
        Type.Object({
          labels: Text,
          value: Type.Number(),
          sum: Type.Number(),
        }),
      ),
    }),
  ),
  problems: Type.Array(Type.String()),
})
export type Exposition = Static<typeof Exposition>

/** The metrics of a scrape, and what `promtool check metrics` would complain of. Rejects for text that is not the format. */
export const readExposition = (text: string) => read('exposition', [], text, Exposition)

const AnyValue = Type.Object({
  stringValue: Type.Optional(Type.String()),
  intValue: Type.Optional(Type.String()),
  doubleValue: Type.Optional(Type.Number()),
  boolValue: Type.Optional(Type.Boolean()),
  arrayValue: Type.Optional(Type.Object({ values: Type.Array(Type.Object({ stringValue: Type.String() })) })),
})
const Attributes = Type.Array(Type.Object({ key: Type.String(), value: AnyValue }))
const TraceRequest = Type.Object({
  resourceSpans: Type.Array(
    Type.Object({
      resource: Type.Object({ attributes: Attributes }),
      scopeSpans: Type.Array(
        Type.Object({
          spans: Type.Array(
            Type.Object({
              traceId: Type.String(),
              spanId: Type.String(),
              parentSpanId: Type.Optional(Type.String()),
              name: Type.String(),
              kind: Type.String(),
              startTimeUnixNano: Type.String(),
              endTimeUnixNano: Type.String(),
              attributes: Attributes,
              status: Type.Optional(Type.Object({ code: Type.Optional(Type.String()) })),
            }),
          ),
        }),
      ),
    }),
  ),
})

/** The spans of an OTLP export request in protobuf. Ids are in base64, as protobuf's JSON has bytes. */
export const readTraceRequest = (body: Uint8Array) => read('otlp', [], body, TraceRequest)

const Service = Type.Object({
  image: Type.Optional(Type.String()),
  environment: Type.Optional(Text),
  depends_on: Type.Optional(
    Type.Record(Type.String(), Type.Object({ condition: Type.String(), required: Type.Boolean() })),
  ),
  ports: Type.Optional(
    Type.Array(Type.Object({ host_ip: Type.String(), published: Type.String(), target: Type.Integer() })),
  ),
  volumes: Type.Optional(
    Type.Array(Type.Object({ type: Type.String(), source: Type.String(), target: Type.String() })),
  ),
  secrets: Type.Optional(Type.Array(Type.Object({ source: Type.String() }))),
  networks: Type.Optional(
    Type.Record(
      Type.String(),
      Type.Union([Type.Null(), Type.Object({ ipv4_address: Type.Optional(Type.String()) })]),
    ),
  ),
  command: Type.Optional(Type.Union([Type.Null(), Type.Array(Type.String())])),
})
const Project = Type.Object({
  services: Type.Record(Type.String(), Service),
  networks: Type.Optional(
    Type.Record(Type.String(), Type.Object({ internal: Type.Optional(Type.Boolean()) })),
  ),
  volumes: Type.Record(Type.String(), Type.Unknown()),
  secrets: Type.Optional(
    Type.Record(Type.String(), Type.Object({ environment: Type.Optional(Type.String()) })),
  ),
})

/** What `docker compose config` makes of a file under this environment. Rejects for what the specification forbids. */
export const readCompose = (file: string, profiles: string[], environment: Record<string, string>) =>
  read('compose', [file, ...profiles], '', Project, environment)

const Dockerfile = Type.Object({
  stages: Type.Array(
    Type.Object({ base: Type.String(), commands: Type.Array(Type.String()), environment: Text }),
  ),
  problems: Type.Array(Type.String()),
})

/** A Dockerfile's stages, and what `docker build --check` would complain of. Rejects for what is none. */
export const readDockerfile = (text: string) => read('dockerfile', [], text, Dockerfile)

async function read<T extends TSchema>(
  program: string,
  args: string[],
  input: string | Uint8Array,
  schema: T,
  environment: Record<string, string> = {},
): Promise<Static<T>> {
  const output = await new Promise<string>((settle, refuse) => {
    const child = execFile(
      'go',
      ['run', `./${program}`, ...args],
      {
        cwd: join(import.meta.dirname, 'formats'),
        env: { ...process.env, ...environment },
        maxBuffer: 64 * 2 ** 20,
      },
      (error, stdout, stderr) => (error ? refuse(new Error(stderr, { cause: error })) : settle(stdout)),
    )
    child.stdin?.end(input)
  })
  const value: unknown = JSON.parse(output)
  Value.Assert(schema, value)
  return value
}
