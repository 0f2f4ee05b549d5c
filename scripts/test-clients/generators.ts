// The generators of which `npm run test:clients` tests a client, by language.
import type { Generator } from "./generator.ts";
import { GO } from "./go.ts";
import { JAVA } from "./java.ts";
import { PYTHON } from "./python.ts";
import { RUST } from "./rust.ts";
import { TYPESCRIPT_GENERATORS } from "./typescript.ts";

export const GENERATORS: Generator[] = [
  ...PYTHON,
  ...GO,
  ...JAVA,
  ...RUST,
  ...TYPESCRIPT_GENERATORS,
];

/** The generators that `--only` names: by language, or by a word of their names. Throws for a word that fits none. */
export function chooseGenerators(only: string): Generator[] {
  const words = only.split(",").filter((word) => word !== "");
  if (words.length === 0) return GENERATORS;
  const fits = ({ name, language }: Generator, word: string) =>
    [language, ...name.split(", ")].includes(word);
  const unknown = words.filter((word) => !GENERATORS.some((one) => fits(one, word)));
  if (unknown.length > 0) throw new Error(`No generator fits --only ${unknown.join(", ")}.`);
  return GENERATORS.filter((one) => words.some((word) => fits(one, word)));
}
