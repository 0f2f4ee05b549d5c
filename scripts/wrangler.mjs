// Runs the project's own wrangler, and sees to it that none of it outlives us.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter, join } from "node:path";
import { BIN, projectNode, ROOT } from "./install.mjs";

const WRANGLER = join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js");
const LIFELINE = new URL("lifeline.mjs", import.meta.url).href;

// wrangler takes its children down well within a second; this is for one that hangs.
const STOP_LIMIT_MS = 5_000;

function environment() {
  // A shell in which a deployment's environment is chosen must not choose the local secrets too.
  const { CLOUDFLARE_ENV: _, ...inherited } = process.env;
  return {
    ...inherited,
    PATH: `${BIN}${delimiter}${inherited.PATH ?? ""}`,
    // Without these wrangler asks the internet for request metadata, for its newest version
    // and for a place to count us.
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_SEND_METRICS: "false",
  };
}

function killGroup(child) {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // Nobody of the group is left, which is all that was wanted.
  }
}

/**
 * Starts wrangler. `output` is "inherit", "pipe" or an open file's number; `exited` gives its exit
 * code once it and its children have ended; `stop()` asks it to end, and insists when it does not;
 * `kill()` gives none of them a chance to say goodbye.
 *
 * It leads a process group of its own, so that its runtime can be found and ended with it, and
 * so that Ctrl-C reaches it once, through us. It gets no terminal to read from, so it neither
 * asks questions nor listens for hotkeys.
 */
export function startWrangler(args, output) {
  const child = spawn(projectNode(), [`--import=${LIFELINE}`, WRANGLER, ...args], {
    cwd: ROOT,
    env: environment(),
    stdio: ["ignore", output, output],
    detached: true,
  });
  const kill = () => killGroup(child);
  process.once("exit", kill);
  const exited = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      // Its compiler takes a second to notice that it is alone; nobody else is left by now.
      kill();
      process.off("exit", kill);
      resolve(code ?? 1);
    });
  });
  const stop = async () => {
    child.kill("SIGTERM");
    const insist = setTimeout(kill, STOP_LIMIT_MS);
    await exited;
    clearTimeout(insist);
  };
  return { child, exited, stop, kill };
}

/** Runs wrangler to its end, hidden; gives its exit code and all it said. */
export async function runWrangler(args) {
  const { child, exited } = startWrangler(args, "pipe");
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      said += text;
    });
  }
  // It may exit before all that it said has arrived.
  await once(child, "close");
  return { code: await exited, said };
}
