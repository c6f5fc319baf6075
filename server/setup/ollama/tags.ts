import { type Catalog, catalog } from '../catalog.ts'

export type Languages = Catalog['language']

/** A tag that the catalog can make or suggests to pull. */
export type CatalogTag = { name: string; parameterSize: string; licence: string; sizeBytes: number }

/** Every Ollama tag that the catalog knows: what it suggests to pull, and what it can make. */
export function knownLanguageTags(): CatalogTag[] {
  const { suggestions, recipes } = catalog.language
  return [
    ...suggestions.map(({ tag, ...known }) => ({ name: tag, ...known })),
    ...recipes.flatMap(({ parameterSize, licence, tags }) =>
      tags.map(({ tag, sizeBytes }) => ({ name: tag, parameterSize, licence, sizeBytes })),
    ),
  ]
}

/** Where a recipe makes a tag from weights of less precision, the tag that has those; null for every other tag. */
export function languageTagMadeFrom(tag: string): string | null {
  for (const { tags } of catalog.language.recipes) {
    if (tags.some(made => made.tag === tag && made.from === 'f16'))
      return tags.find(made => made.from === 'original')?.tag ?? null
  }
  return null
}

/** The tags that can be made without Ollama's registry. */
export function madeTags(languages: Languages): string[] {
  return languages.recipes.flatMap(recipe => recipe.tags.map(entry => entry.tag))
}

export function knownTags(installed: string[], languages: Languages): string[] {
  return [...installed, ...languages.suggestions.map(({ tag }) => tag), ...madeTags(languages)]
}
