// What `npm run test:clients` tests: clients by language, and which requests HTTP clients repeat.
import type { Client } from "./client.ts";
import { GO } from "./go.ts";
import { JAVA } from "./java.ts";
import { PYTHON } from "./python.ts";
import { RETRIES } from "./retries/retries.ts";
import { RUST } from "./rust.ts";
import { TYPESCRIPT } from "./typescript.ts";

const CURL: Client = {
  name: "curl",
  version: "of this machine",
  language: "curl",
  tools: ["curl"],
  heading: "curl",
};

export const CLIENTS: Client[] = [
  ...PYTHON,
  ...GO,
  ...JAVA,
  ...RUST,
  ...TYPESCRIPT,
  CURL,
  ...RETRIES,
];

/** The clients that `--only` names: by language, or by a part of their names. Throws for a word that fits none. */
export function chooseClients(only: string): Client[] {
  const words = only.split(",").filter((word) => word !== "");
  if (words.length === 0) return CLIENTS;
  const fits = ({ name, language }: Client, word: string) =>
    [language, ...name.split(", ")].includes(word);
  const unknown = words.filter((word) => !CLIENTS.some((one) => fits(one, word)));
  if (unknown.length > 0) throw new Error(`No client fits --only ${unknown.join(", ")}.`);
  return CLIENTS.filter((one) => words.some((word) => fits(one, word)));
}
