// The options of `npm run books`.
import { parseArgs } from "node:util";
import {
  DEPLOYMENT_HELP,
  DEPLOYMENT_OPTIONS,
  type Deployment,
  readDeployment,
} from "../operator/deployment.ts";

export const HELP = `npm run books -- COMMAND [options]

  list                     shows the books, and moves that have not ended
  move MERCHANT --to N     moves a merchant's payments to book N, while it goes on paying

An interrupted move is continued by the same command, also on another machine. A move to the book
where the merchant is cancels one that is under way.

${DEPLOYMENT_HELP}
  --json                   list: prints one JSON document

Exit code: 0 when it is done, 1 when the copy differs from its source, 2 when it could not be finished.
`;

export type Options = { deployment: Deployment } & (
  | { command: "list"; json: boolean }
  | { command: "move"; merchant: string; book: number }
);

/** @returns undefined when help is wanted. @throws when an option is wrong */
export function readOptions(args: string[], env: NodeJS.ProcessEnv): Options | undefined {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      to: { type: "string" },
      ...DEPLOYMENT_OPTIONS,
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return undefined;
  const [command, merchant, ...others] = positionals;
  if (command !== "list" && command !== "move") {
    throw new Error("Name a command: list, move. --help shows the options.");
  }
  const extra = command === "list" ? merchant : others[0];
  if (extra !== undefined) throw new Error(`"${extra}" is too much.`);
  const { to, json = false } = values;
  if (command === "list") {
    if (to !== undefined) throw new Error("list has no option --to.");
    return { command, json, deployment: readDeployment(values, env) };
  }
  if (json) throw new Error("move has no option --json.");
  if (!merchant) throw new Error("Name the merchant: move mer_… --to N.");
  if (!to || !/^[1-9]\d{0,2}$/.test(to)) throw new Error("--to must be the number of a book.");
  return { command, merchant, book: Number(to), deployment: readDeployment(values, env) };
}
