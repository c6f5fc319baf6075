/** Below it a proxy passes requests on, `/quantvox` of `https://host/quantvox`; '' for the root of the host. */
export const pathOf = (publicUrl: string): string => new URL(publicUrl).pathname.replace(/\/+$/, '')

/** An address as our routes have it: some proxies take the path away, others leave it. */
export function belowPath(url: string, path: string): string {
  return path !== '' && url.startsWith(`${path}/`) ? url.slice(path.length) : url
}
