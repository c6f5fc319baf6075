import Type, { type TSchema } from 'typebox'

/** The schema or null; a description here is of both. */
export const nullable = <T extends TSchema>(schema: T, options: { description?: string } = {}) =>
  Type.Union([schema, Type.Null()], options)
