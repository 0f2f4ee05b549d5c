/** A process that loads scripts/processes/lifeline.ts does not outlive its parent, not even when it ignores a SIGTERM. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { identifyProcess, isRunning } from "../scripts/processes/identify";

const LIFELINE = join(import.meta.dirname, "../scripts/processes/lifeline.ts");
/** Ignores SIGTERM, as a server does whose shutdown hangs, and has a child of its own in its group. */
const STUBBORN = `
  process.on("SIGTERM", () => {});
  const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  console.log(process.pid, child.pid);
  setInterval(() => {}, 1000);`;
/** Starts it as the leader of a process group, prints what it prints, and waits to be killed. */
const PARENT = `
  const { spawn } = require("node:child_process");
  const args = ["--import", ${JSON.stringify(LIFELINE)}, "-e", ${JSON.stringify(STUBBORN)}];
  spawn(process.execPath, args, { detached: true, stdio: ["ignore", "inherit", "inherit"] });
  setInterval(() => {}, 1000);`;

it("A process that ignores SIGTERM ends with its whole group after its parent was killed", async () => {
  const env = { ...process.env, LIFELINE_INSIST_MS: "200" };
  const parent = spawn(process.execPath, ["-e", PARENT], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(parent.stdout, "data");
  const processes = String(line).trim().split(" ").map(Number).map(identifyProcess);
  expect(processes.map(isRunning)).toEqual([true, true]);
  parent.kill("SIGKILL");
  while (processes.some(isRunning)) await sleep(100);
});
