/** How much of something a test makes. `npm test` has to be quick and takes so much as shows the same;
 *  `npm run test:heavy` takes more. */

declare global {
  interface ImportMeta {
    /** Vite's; the mode is `heavy` when vitest is run so. */
    readonly env: { readonly MODE: string };
  }
}

export function sized(usual: number, heavy: number): number {
  return import.meta.env.MODE === "heavy" ? heavy : usual;
}
