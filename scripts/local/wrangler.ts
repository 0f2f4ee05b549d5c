// Runs the project's own wrangler, and sees to it that none of it outlives us.
import { delimiter, join } from "node:path";
import { BIN, projectNode, ROOT } from "../install.mjs";
import { type Child, type ChildOptions, startChild } from "../processes/child-process.ts";

const WRANGLER = join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js");
const LIFELINE = new URL("../processes/lifeline.ts", import.meta.url).href;

// wrangler takes its children down well within a second; this is for one that hangs.
const STOP_LIMIT_MS = 5_000;

/** Any free port. By default wrangler looks for one from 9229 on before it listens there, and of two that start at the same
 *  time one ends with "Address already in use". */
const INSPECTOR = ["--inspector-port", "0"];

function environment(): Record<string, string | undefined> {
  return {
    // A shell in which a deployment's environment is chosen must not choose the local secrets too.
    CLOUDFLARE_ENV: undefined,
    PATH: `${BIN}${delimiter}${process.env.PATH ?? ""}`,
    // Without these wrangler downloads request metadata, looks up its newest version and sends
    // usage statistics.
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_SEND_METRICS: "false",
  };
}

/**
 * Starts wrangler. `stop()` signals it to end, and it ends its own processes; `kill()` ends all of them
 * without a chance to clean up.
 *
 * It leads a process group of its own, so that its runtime can be found and ended with it, and
 * so that Ctrl-C reaches it once, through us. It gets no terminal to read from, so it neither
 * prompts nor listens for hotkeys.
 */
export function startWrangler(
  args: readonly string[],
  output: NonNullable<ChildOptions["output"]>,
): Child {
  const all = args[0] === "dev" ? [...args, ...INSPECTOR] : args;
  return startChild(projectNode(), [`--import=${LIFELINE}`, WRANGLER, ...all], {
    cwd: ROOT,
    env: environment(),
    output,
    stops: "leader",
    stop_limit_ms: STOP_LIMIT_MS,
  });
}

/** Runs wrangler to its end, hidden; gives its exit code and what it printed. */
export async function runWrangler(
  args: readonly string[],
): Promise<{ code: number; said: string }> {
  const wrangler = startWrangler(args, "pipe");
  const code = await wrangler.closed;
  return { code, said: wrangler.said() };
}
