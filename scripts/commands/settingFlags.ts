import { type Command, Option } from 'commander'
import type { TSchema } from 'typebox'
import { Settings, secretSettings } from '../../server/settings.ts'

/** Settings as flags, all of them or the named ones: `SPEECH_MODEL` is `--speech-model`. Secrets are not: a command line is public. */
export function settingFlags(command: Command, only?: string[]): void {
  for (const [name, schema] of Object.entries<TSchema & { description?: string }>(Settings.properties)) {
    if (secretSettings.has(name) || (only !== undefined && !only.includes(name))) continue
    command.addOption(
      new Option(`--${flagOf(name)} <value>`, `${schema.description ?? name}${defaultOf(schema)}`),
    )
  }
}

/** The flags that were given, by the names of the settings. */
export function settingsOf(options: Record<string, unknown>): Record<string, string | undefined> {
  const given: Record<string, string | undefined> = {}
  for (const name of Object.keys(Settings.properties)) {
    const value = options[flagOf(name).replace(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase())]
    if (typeof value === 'string') given[name] = value
  }
  return given
}

/** What a setting is without the flag, where its description does not say it. */
function defaultOf(schema: TSchema & { description?: string }): string {
  const { default: value } = schema as { default?: unknown }
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return ''
  return ` (default: ${String(value)})`
}

function flagOf(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}
