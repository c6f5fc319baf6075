import { QuantvoxError } from '../../errors.ts'
import { quantizationIn, withoutQuantization } from '../../shared/quantization.ts'
import type { Tool } from '../toolbox.ts'
import { cut } from '../untrusted.ts'

/** A model that is here and may be used. */
export type UsableModel = { name: string; quantization: string | null }

export type UsableModels = {
  language(signal: AbortSignal): Promise<readonly UsableModel[]>
  speech(signal: AbortSignal): Promise<readonly UsableModel[]>
}

/** Has the session answer, or hear, by another level of its model, or by another model. */
export function switchTool(usable: UsableModels): Tool {
  return {
    name: 'switch_model',
    description:
      'Switches this assistant to another quantization level, such as q8_0 or q4_K_M, or to another model by its name.',
    parameters: {
      type: 'object',
      properties: {
        level: { type: 'string', description: 'The level, or the name of a model.' },
        part: {
          type: 'string',
          enum: ['language', 'speech'],
          description: 'language: what answers, which is usually meant; speech: what hears.',
        },
      },
      required: ['level'],
    },
    policy: 'confirm',
    async run({ level, part }, signal, { session, turnId }) {
      if (session === null)
        throw refused(
          'Nothing can be switched here: each request names its own models. Live sessions can be.',
        )
      const wanted = typeof level === 'string' ? level.trim() : ''
      if (wanted === '') throw refused('Say which level, or which model.')
      const isSpeech = part === 'speech'
      const models = await (isSpeech ? usable.speech(signal) : usable.language(signal))
      const { speechModel, llmModel } = session.models()
      const now = isSpeech ? speechModel : llmModel
      const name = pick(wanted, now, models)
      const does = isSpeech ? 'hears' : 'answers'
      if (name === now) return `It is ${name} that ${does} already.`
      session.switchTo(isSpeech ? { speechModel: name } : { llmModel: name }, turnId)
      return `From the next question on ${name} ${does}; it is loaded once this is said.`
    },
  }
}

/** The model that is meant. @throws QuantvoxError `tool_failed` that names what is here, where none is or several may be */
export function pick(wanted: string, now: string, models: readonly UsableModel[]): string {
  const named = models.find(({ name }) => name.toLowerCase() === wanted.toLowerCase())
  if (named !== undefined) return named.name
  const levels = models
    .filter(({ name }) => isSameModel(name, now))
    .map(model => ({ name: model.name, level: quantizationIn(model.name) ?? model.quantization ?? '' }))
  const meant = plainLevel(wanted)
  const exact = levels.filter(({ level }) => plainLevel(level) === meant)
  const begins = ({ level }: { level: string }) => meant !== '' && plainLevel(level).startsWith(meant)
  const found = exact.length > 0 ? exact : levels.filter(begins)
  const [first] = found
  if (first !== undefined && found.every(({ level }) => level === first.level))
    return found.find(({ name }) => name === now)?.name ?? first.name
  const here = (first === undefined ? levels : found).map(({ level }) => level).filter(level => level !== '')
  if (first !== undefined) throw refused(`"${cut(wanted, 40)}" may be ${here.join(' or ')}.`)
  const is = here.length === 0 ? '' : ` Here are ${here.join(', ')}.`
  throw refused(`Of ${now} there is no "${cut(wanted, 40)}" here.${is}`)
}

/** Another level of the same model, whose plain tag may leave out what is usual: `m:1b` and `m:1b-instruct-q8_0`. */
function isSameModel(name: string, other: string): boolean {
  const [one, two] = [withoutQuantization(name).toLowerCase(), withoutQuantization(other).toLowerCase()]
  return one === two || one.startsWith(`${two}-`) || two.startsWith(`${one}-`)
}

/** `Q8_0`, `q8 0` and `8 bit` as one begins with the other. */
function plainLevel(level: string): string {
  const letters = level.toLowerCase().replace(/[^a-z0-9]/g, '')
  const bits = /^(\d+)(?:bits?)?$/.exec(letters)?.[1]
  if (bits !== undefined) return bits === '16' || bits === '32' ? `f${bits}` : `q${bits}`
  return letters.replace(/^fp(?=\d)/, 'f')
}

const refused = (why: string) => new QuantvoxError('tool_failed', why)
