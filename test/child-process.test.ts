/** The child processes of the scripts, the bench and the tests: none outlives what started it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { runChild, startChild } from "../scripts/processes/child-process";
import { identifyProcess, isRunning } from "../scripts/processes/identify";
import { nextMessage, until, untilSaid } from "../scripts/processes/wait";

const MODULES = join(import.meta.dirname, "../scripts/processes");
const HANG_GUARD_MS = 120_000;
const NODE = process.execPath;
const FOREVER = "setInterval(() => {}, 1000);";
/** Ignores SIGTERM and has a child in its group; prints both process ids. */
const STUBBORN = `
  process.on("SIGTERM", () => {});
  const child = require("node:child_process").spawn(process.execPath, ["-e", "${FOREVER}"]);
  console.log("pids", process.pid, child.pid);
  ${FOREVER}`;

async function readProcesses(child: ReturnType<typeof startChild>) {
  const [, ...pids] = await untilSaid(child, /pids (\d+) (\d+)/, "it printed ids", HANG_GUARD_MS);
  return pids.map(Number).map(identifyProcess);
}

async function untilEnded(processes: Awaited<ReturnType<typeof readProcesses>>): Promise<void> {
  while (processes.some(isRunning)) await sleep(20);
}

it("The result of a command has its exit code and its whole output on both streams", async () => {
  const script = 'console.log("out"); console.error("err"); process.exitCode = 3;';
  const { code, said } = await runChild(NODE, ["-e", script], { limit_ms: HANG_GUARD_MS });
  expect(code).toBe(3);
  expect(said.split("\n").sort()).toEqual(["", "err", "out"]);
});

it("The result of a command that cannot be started has exit code 127 and the reason", async () => {
  const { code, said } = await runChild("no-such-command", [], { limit_ms: HANG_GUARD_MS });
  expect(code).toBe(127);
  expect(said).toContain("ENOENT");
});

it("A command that exceeds its time limit is ended with exit code 124", async () => {
  expect((await runChild(NODE, ["-e", FOREVER], { limit_ms: 100 })).code).toBe(124);
});

it("A child's environment has the variables that are given, and lacks those given as undefined", async () => {
  const env = { ADDED: "yes", PATH_OF_NOTHING: undefined };
  process.env.PATH_OF_NOTHING = "here";
  const script = "console.log(process.env.ADDED, process.env.PATH_OF_NOTHING);";
  const { said } = await runChild(NODE, ["-e", script], { env, limit_ms: HANG_GUARD_MS });
  expect(said).toBe("yes undefined\n");
});

it("A child that ignores SIGTERM is killed with its whole process group after the grace period", async () => {
  const child = startChild(NODE, ["-e", STUBBORN], { stop_limit_ms: 200 });
  const processes = await readProcesses(child);
  expect(child.isRunning()).toBe(true);
  await child.stop();
  expect(child.isRunning()).toBe(false);
  await untilEnded(processes);
});

it("Processes that a child leaves in its group are ended when the child exits", async () => {
  const child = startChild(NODE, ["-e", STUBBORN]);
  const processes = await readProcesses(child);
  child.process.kill("SIGKILL");
  await child.exited;
  await untilEnded(processes);
});

it("All process groups are killed and their folders removed when the process that started them ends", async () => {
  const folder = mkdtempSync(join(tmpdir(), "child-process-"));
  const script = `
    import { removeAtExit } from ${JSON.stringify(join(MODULES, "remove-at-exit.ts"))};
    import { startChild } from ${JSON.stringify(join(MODULES, "child-process.ts"))};
    removeAtExit(${JSON.stringify(folder)});
    const child = startChild(process.execPath, ["-e", ${JSON.stringify(STUBBORN)}]);
    child.process.stdout.once("data", (text) => { console.log(text); process.exit(0); });`;
  const args = ["--input-type=module", "-e", script];
  const { code, said } = await runChild(NODE, args, { limit_ms: HANG_GUARD_MS });
  expect(code, said).toBe(0);
  const pids = /pids (\d+) (\d+)/.exec(said)?.slice(1).map(Number) ?? [];
  expect(pids).toHaveLength(2);
  await untilEnded(pids.map(identifyProcess));
  expect(() => rmSync(folder)).toThrow(/ENOENT/);
});

it("Waiting for a child's message returns it, and fails when the child exits without one", async () => {
  const asked = ["-e", 'process.send("ready"); process.on("message", () => process.exit(1));'];
  const child = startChild(NODE, asked, { hasMessages: true });
  expect(await nextMessage(child, "it was ready", HANG_GUARD_MS)).toBe("ready");
  const next = nextMessage(child, "it went on", HANG_GUARD_MS);
  child.process.send("go");
  await expect(next).rejects.toThrow("Waited in vain until it went on. It ended.");
});

it("The error for a child that exits before its expected output contains what it printed", async () => {
  const child = startChild(NODE, ["-e", 'console.error("no port is free");']);
  const waiting = until(() => false, "it answered", HANG_GUARD_MS, child);
  await expect(waiting).rejects.toThrow(
    "Waited in vain until it answered. It ended.\nno port is free",
  );
  await expect(until(() => null, "it rained", 1)).rejects.toThrow("It did not within 0.001 s.");
});
