/** What `fliteChild.ts` uses of WebAssembly: it is a global of Node, but its types are only in TypeScript's DOM library. */
declare namespace WebAssembly {
  class Module {
    static imports(module: Module): { module: string; name: string }[]
    /** Only so that nothing else passes for a module. */
    private readonly compiled: true
  }
  function compile(bytes: Uint8Array): Promise<Module>
  class Memory {
    constructor(descriptor: { initial: number })
    readonly buffer: ArrayBuffer
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>)
    readonly exports: Record<string, unknown>
  }
}
