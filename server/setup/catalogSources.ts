import Type, { type Static } from 'typebox'

/** Where something of the catalog comes from, and how it is checked. */

export const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })
/** A field that is not known here is one that is misspelt. */
export const strict = <P extends Type.TProperties>(properties: P) =>
  Type.Object(properties, { additionalProperties: false })
export const Integrity = Type.String({ pattern: '^sha512-[A-Za-z0-9+/]{86}==$' })
export const Url = Type.String({ pattern: '^https?://' })

export const NpmSource = strict({
  kind: Type.Literal('npm'),
  package: Type.String(),
  version: Type.String(),
  integrity: Integrity,
  licence: Type.String(),
  directory: Type.String({ description: 'what is needed of it, inside the tarball' }),
})

export const Wheel = strict({
  package: Type.String(),
  version: Type.String(),
  sha256: Sha256,
  sizeBytes: Type.Integer(),
  licence: Type.String(),
  platform: Type.Optional(
    Type.String({
      description: "pip's name of the one platform that it is published for; what is taken of it runs on all",
    }),
  ),
})

export const PathSource = strict({
  kind: Type.Literal('path'),
  programs: Type.Array(Type.String(), { minItems: 1 }),
  helpMustName: Type.Optional(
    Type.String({ description: 'an option that the first program has since the version that is needed' }),
  ),
})

export type NpmSource = Static<typeof NpmSource>
export type PathSource = Static<typeof PathSource>
