/** What Vite adds to a module in a test. */
interface ImportMeta {
  /** The modules that match a pattern, by their paths. */
  glob<Module>(pattern: string, options: { eager: true }): Record<string, Module>;
  /** Functions that load the modules. */
  glob(pattern: string): Record<string, () => Promise<unknown>>;
}

/** A file as text. */
declare module "*.sql?raw" {
  const text: string;
  export default text;
}
