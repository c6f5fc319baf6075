import { describe, expect, it } from 'vitest'
import { catalog, parseCatalog } from '../../../server/setup/catalog.ts'
import { speechLevels } from '../../../server/setup/whisper/speech.ts'

/** Layers of encoder and decoder of 12 and 16 squares of the width, and the embedding of tokens (whisper.cpp, `whisper_model_load`). */
const elements = (encoder: number, decoder: number, width: number, tokens: number) =>
  (12 * encoder + 16 * decoder) * width ** 2 + tokens * width
const matrixElements: Record<string, number> = {
  'whisper-tiny.en': elements(4, 4, 384, 51_864),
  'whisper-base': elements(6, 6, 512, 51_865),
  'whisper-small': elements(12, 12, 768, 51_865),
  'whisper-large-v3-turbo': elements(32, 4, 1280, 51_866),
}

describe('the catalog', () => {
  it('offers Whisper tiny.en and base in f16 and five levels each, small and large-v3-turbo in two, and what there is of Moonshine', () => {
    expect(speechLevels(catalog.speech).map(level => level.name)).toEqual([
      ...['whisper-tiny.en', 'whisper-base'].flatMap(family =>
        ['f16', 'q8_0', 'q5_1', 'q5_0', 'q4_1', 'q4_0'].map(level => `${family}-${level}`),
      ),
      ...['whisper-small', 'whisper-large-v3-turbo'].flatMap(family =>
        ['f16', 'q8_0', 'q5_0'].map(level => `${family}-${level}`),
      ),
      ...[
        'moonshine-base.en-int8',
        'moonshine-base.en-f32',
        'moonshine-base.en-q8',
        'moonshine-base.en-q4',
        'moonshine-tiny.en-int8',
      ],
    ])
  })

  it('knows sizes of Whisper levels that fit their formats, of those that no test can fetch as well', () => {
    const bitsOf: Record<string, number> = { q8_0: 8.5, q5_1: 6, q5_0: 5.5, q4_1: 5, q4_0: 4.5 }
    for (const family of catalog.speech) {
      if (family.engine !== 'whisper') continue
      // Quantized are only matrices: those of the layers, and the embedding of tokens.
      const quantized = family.levels.map(
        ({ quantization, sizeBytes }) =>
          ((family.f16.sizeBytes - sizeBytes) * 8) / (16 - (bitsOf[quantization] ?? Number.NaN)),
      )
      expect(new Set(quantized).size).toBe(1)
      expect(quantized[0]).toBe(matrixElements[family.name])
    }
  })

  it('has a source that is no package registry for every engine and Whisper model, and names it first', () => {
    for (const family of catalog.speech)
      if (family.engine === 'whisper') expect(family.sources[0]?.kind).toBe('http')
    for (const engine of Object.values(catalog.engines)) expect(engine.sources[0]?.kind).toBe('path')
  })

  it('can make the default language model itself', () => {
    const made = catalog.language.recipes.flatMap(recipe => recipe.tags.map(tag => tag.tag))
    const { withoutRegistry, larger } = catalog.language.defaults
    expect(made).toEqual(expect.arrayContaining([withoutRegistry, ...larger.map(({ tag }) => tag)]))
    expect(catalog.language.suggestions.map(({ tag }) => tag)).toContain(
      catalog.language.defaults.withRegistry,
    )
  })

  it('says of the language model that it makes that fp16 is only as good as Q4_1 was', () => {
    expect(catalog.language.recipes[0]?.note).toMatch(/only as good as Q4_1/)
  })

  it('has a piece in each wheel of a language model, all of the file together, and the template that it names', () => {
    const { recipes, templates } = catalog.language
    for (const { source, f16, template, tags } of recipes) {
      expect(source.members).toHaveLength(source.wheels.length)
      expect(source.members.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBe(source.sizeBytes)
      if (template !== null) expect(Object.keys(templates)).toContain(template)
      if (tags.some(({ from }) => from === 'f16')) expect(f16).not.toBeNull()
    }
  })

  it('is refused with the place of the mistake', () => {
    const wrongHash = structuredClone(catalog)
    const [first] = wrongHash.speech
    if (first?.engine === 'whisper') first.f16.sha256 = 'abc'
    expect(() => parseCatalog(wrongHash)).toThrow('/speech/0')
    expect(() => parseCatalog({ ...structuredClone(catalog), extra: 1 })).toThrow(/catalog.json is wrong/)
  })
})
