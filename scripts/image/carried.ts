/** What of the project goes into the image; `client` with its sources, by whose hash the built page is found. */
export const carried = [
  'server',
  'scripts',
  'models',
  'client',
  'package.json',
  'package-lock.json',
  '.npmrc',
  'LICENSE',
]
