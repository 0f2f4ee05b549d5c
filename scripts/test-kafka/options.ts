// The command line of `npm run test:kafka`.
import { parseArgs } from "node:util";
import type { Dialect } from "../kafka/dialects.ts";

const SENDERS = ["direct", "worker"] as const;
const DIALECTS: Dialect[] = ["upstash", "rest-v2"];

export type Sender = (typeof SENDERS)[number];

function known<Name extends string>(text: string, names: readonly Name[]): Name[] {
  return text.split(",").map((one) => {
    const found = names.find((name) => name === one);
    if (found === undefined) throw new Error(`"${one}" is none of ${names.join(", ")}.`);
    return found;
  });
}

export function readOptions() {
  const { values } = parseArgs({
    options: {
      require: { type: "boolean", default: false },
      only: { type: "string", default: "direct,worker" },
      dialect: { type: "string", default: "upstash,rest-v2" },
    },
  });
  return {
    isRequired: values.require,
    senders: known(values.only, SENDERS),
    dialects: known(values.dialect, DIALECTS),
  };
}
