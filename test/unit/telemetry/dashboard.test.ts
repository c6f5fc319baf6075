import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Registry } from '@prometheus-io/client'
import { parser } from '@prometheus-io/lezer-promql'
import Type from 'typebox'
import Value from 'typebox/value'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { createEngineMetrics } from '../../../server/telemetry/engineMetrics.ts'
import { createLoadMetrics } from '../../../server/telemetry/loadMetrics.ts'
import { createTurnMetrics } from '../../../server/telemetry/turnMetrics.ts'

const folder = join(import.meta.dirname, '../../../docs/observability')
const dashboards = join(folder, 'grafana/dashboards')

const Dashboard = Type.Object({
  panels: Type.Array(
    Type.Object({
      title: Type.String(),
      datasource: Type.Object({ uid: Type.String() }),
      targets: Type.Array(Type.Object({ expr: Type.String() })),
    }),
  ),
  templating: Type.Object({
    list: Type.Array(Type.Object({ name: Type.String(), definition: Type.Optional(Type.String()) })),
  }),
})

/** Every name that a query may use, and the labels of its series. */
function servedSeries(): Map<string, string[]> {
  const registry = new Registry()
  createTurnMetrics(registry, [])
  createEngineMetrics(registry)
  createLoadMetrics(registry)
  const served = new Map<string, string[]>()
  for (const metric of registry.getMetricsAsArray()) {
    const { name, type, labelNames } = metric as typeof metric & { labelNames: string[] }
    if ((type as unknown) !== 'histogram') served.set(name, labelNames)
    else {
      served.set(`${name}_bucket`, [...labelNames, 'le'])
      for (const suffix of ['_sum', '_count']) served.set(`${name}${suffix}`, labelNames)
    }
  }
  return served
}

/** Names of metrics and labels in a query, and what in it is no PromQL. */
function readQuery(query: string) {
  const text = query.replaceAll(/\$__(rate_interval|range)/g, '5m')
  const found = { metrics: [] as string[], labels: [] as string[], errors: [] as string[] }
  parser.parse(text).iterate({
    enter({ name, type, from, to, node }) {
      const part = text.slice(from, to)
      if (type.isError) found.errors.push(part)
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector') found.metrics.push(part)
      if (name === 'LabelName') found.labels.push(part)
    },
  })
  return found
}

const served = servedSeries()
const queries = readdirSync(dashboards).flatMap(file => {
  const dashboard: unknown = JSON.parse(readFileSync(join(dashboards, file), 'utf8'))
  Value.Assert(Dashboard, dashboard)
  const values = dashboard.templating.list.flatMap(({ name, definition }) => {
    const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(definition ?? '') ?? []
    return metric === undefined ? [] : [{ title: `variable ${name}`, expr: `sum by (${label}) (${metric})` }]
  })
  return [
    ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr }))),
    ...values,
  ]
})

test.each(queries)('the dashboard asks for what is served: $title: $expr', ({ expr }) => {
  const { metrics, labels, errors } = readQuery(expr)
  expect(errors).toEqual([])
  expect(metrics.length).toBeGreaterThan(0)
  for (const metric of metrics) expect([...served.keys()]).toContain(metric)
  const known = new Set(metrics.flatMap(metric => served.get(metric) ?? []))
  for (const label of labels) expect([...known]).toContain(label)
})

test('a query for what is not served would be found', () => {
  expect(readQuery('rate(quantvox_gone_total[$__rate_interval])').metrics).toEqual(['quantvox_gone_total'])
  expect(readQuery('sum(rate(quantvox_turns_total[5m])').errors).not.toEqual([])
})

test('every metric but the sums is looked at by some panel', () => {
  const asked = new Set(queries.flatMap(({ expr }) => readQuery(expr).metrics))
  const unseen = [...served.keys()].filter(name => !/_(sum|count)$/.test(name) && !asked.has(name))
  // Only push-to-talk and clients that end an utterance by hand have it.
  expect(unseen).toEqual(['quantvox_turn_commit_seconds_bucket'])
})

test('Grafana finds the data source that the dashboard names, and the dashboard', () => {
  const read = (path: string): unknown =>
    parse(readFileSync(join(folder, 'grafana/provisioning', path), 'utf8'))
  expect(read('datasources/prometheus.yml')).toMatchObject({
    datasources: [{ uid: 'prometheus', type: 'prometheus', url: 'http://prometheus:9090' }],
  })
  expect(read('dashboards/quantvox.yml')).toMatchObject({
    providers: [{ type: 'file', options: { path: '/etc/grafana/dashboards' } }],
  })
})
