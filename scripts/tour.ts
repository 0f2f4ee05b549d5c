// `npm run tour`: starts the API and runs docs/tour.md as it stands, twice on the same data: in this folder,
// then from another folder against another port. Prints each step with its output, and checks what comes back.
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "./install.mjs";
import { type Child, startChild } from "./processes/child-process.ts";
import { errorMessage } from "./processes/errors.ts";
import { freePort } from "./processes/free-port.ts";
import { removeAtExit } from "./processes/remove-at-exit.ts";
import { untilSaid } from "./processes/wait.ts";
import { checkStep, listUnmetExpectations } from "./tour/expectations.ts";
import { readTour, TOUR, type TourStep } from "./tour/read-tour.ts";
import { openShell } from "./tour/shell.ts";

type Environment = Record<string, string>;
type Started = { child: Child; match: RegExpExecArray };
type Run = { shell: string; cwd: string; environment: Environment; exportLine: string };

const LISTEN = "npm run listen";
const START_LIMIT_MS = 240_000;
const SETTLE_LIMIT_MS = 60_000;
const SETTLE_POLL_MS = 1_000;

/** Runs the npm script and waits until it prints what matches `pattern`; `match` is that. */
async function startScript(script: string, pattern: RegExp, env: Environment): Promise<Started> {
  const child = startChild("npm", ["run", script], { cwd: ROOT, env });
  const match = await untilSaid(child, pattern, `npm run ${script} is ready`, START_LIMIT_MS);
  return { child, match };
}

/** What comes after a step's last `sleep`, which only reads and can be repeated; empty without one. */
function readWaitingPart(commands: string): string {
  const [, part = ""] = /^[\s\S]*^(sleep \d+; [\s\S]*)$/m.exec(`\n${commands}`) ?? [];
  return part;
}

/** Calls `look` for more output until the step's expectations hold: a slow machine may need longer than the document. */
async function checkUntilSettled(
  { title }: { title: string },
  output: string,
  status: number,
  look: () => Promise<string | null>,
): Promise<string[]> {
  const deadline = Date.now() + SETTLE_LIMIT_MS;
  let faults = checkStep(title, output, status);
  while (faults.length > 0 && Date.now() < deadline) {
    await sleep(SETTLE_POLL_MS);
    const more = await look();
    if (more === null) break;
    faults = checkStep(title, `${output}\n${more}`, status);
  }
  return faults;
}

/** Runs the steps in one shell; gives what went wrong, as sentences. */
async function runTour(
  steps: TourStep[],
  { shell: name, cwd, environment, exportLine }: Run,
): Promise<string[]> {
  const shell = openShell(name, cwd, environment);
  const faults: string[] = [];
  let listener: Child | null = null;
  try {
    for (const step of steps) {
      const { title, commands } = step;
      console.log(`\n## ${title}\n${commands}`);
      if (title === LISTEN) {
        listener = (await startScript("listen", /Listening at \S+/, environment)).child;
        continue;
      }
      const given = commands.startsWith("export BASE=") ? exportLine : commands;
      const { output, status } = await shell.run(given);
      console.log(output.replace(/^/gm, "  "));
      const waiting = readWaitingPart(commands);
      const look = async () => (waiting === "" ? null : (await shell.run(waiting)).output);
      faults.push(...(await checkUntilSettled(step, output, status, look)));
    }
    const heard = async () => listener?.said() ?? null;
    faults.push(...(await checkUntilSettled({ title: LISTEN }, "", 0, heard)));
    return [...faults, ...listUnmetExpectations(steps)];
  } finally {
    console.log(`\n## What npm run listen printed\n${listener?.said() ?? "It did not start."}`);
    await listener?.stop();
    await shell.close();
  }
}

async function main(): Promise<void> {
  const steps = readTour(readFileSync(join(ROOT, TOUR), "utf8"));
  const elsewhere = removeAtExit(mkdtempSync(join(tmpdir(), "tour-elsewhere-")));
  const STATE_DIR = removeAtExit(mkdtempSync(join(tmpdir(), "tour-state-")));
  const runs = [
    { shell: "bash", cwd: ROOT },
    { shell: "sh", cwd: elsewhere },
  ];
  for (const { shell, cwd } of runs) {
    const PORT = String(await freePort());
    console.log(`\n# The tour by ${shell} in ${cwd}, with the API at port ${PORT}`);
    const environment = { STATE_DIR };
    const server = await startScript("start", /^export BASE=.*$/m, { ...environment, PORT });
    try {
      const [exportLine] = server.match;
      const faults = await runTour(steps, { shell, cwd, environment, exportLine });
      if (faults.length > 0) throw new Error(`The tour went wrong:\n${faults.join("\n")}`);
    } finally {
      await server.child.stop();
    }
  }
  console.log(
    `\nAll well: ${steps.length} steps of ${TOUR}, twice, each with the expected outcome.`,
  );
}

// Only under npm: its shell ends on SIGTERM without forwarding the signal.
if (process.env.npm_lifecycle_event) await import("./processes/lifeline.ts");
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(1));

try {
  await main();
  process.exit(0);
} catch (error) {
  console.error(errorMessage(error));
  process.exit(1);
}
