import type { Tool } from '../toolbox.ts'

/** The assistant's own state: what it runs on, with the quantization in each name. */
export const modelsTool: Tool = {
  name: 'get_models',
  description:
    'Tells which speech model, language model and voice this assistant runs on, and their quantization levels.',
  parameters: { type: 'object', properties: {} },
  policy: 'auto',
  async run(_given, _signal, { models: { speech, language, voice }, session }) {
    const hears = session === null ? '' : `, ${session.models().speechModel} hears what is said`
    const heard = speech === null ? `The question was typed${hears}` : `The question was heard by ${speech}`
    return `${heard}, the answer comes from ${language}, the voice is ${voice}.`
  },
}
