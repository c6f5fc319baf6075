import type { TSchema } from 'typebox'
import { Settings } from '../../server/settings.ts'

type Described = TSchema & { description?: string; default?: unknown }

const settings = Object.entries<Described>(Settings.properties).map(([name, schema]) => ({
  name,
  preset: schema.default === undefined || `${schema.default}` === '' ? '' : `${schema.default}`,
  description: schema.description ?? '',
}))

/** README's table of settings, made from their schema. */
export function configTable(): string {
  const rows = settings.map(({ name, preset, description }) => {
    const shown = preset === '' ? '' : `\`${preset}\``
    return `| \`${name}\` | ${shown} | ${description.replaceAll('|', '\\|')} |`
  })
  return `${['| Setting | Default | Meaning |', '|---|---|---|', ...rows].join('\n')}\n`
}

/** `.env.example`: every setting with its meaning, all commented out. */
export function envExample(): string {
  const lines = settings.map(({ name, preset, description }) => `# ${description}\n#${name}=${preset}\n`)
  return `# Copy to .env and uncomment what you change. "quantvox config" shows what is in force.\n\n${lines.join('\n')}`
}
