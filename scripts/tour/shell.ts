// A shell that runs one step after another, as a terminal does: variables are kept from step to step.
import { randomUUID } from "node:crypto";
import { startChild } from "../processes/child-process.ts";

/** What the commands printed, and the last one's exit status. */
export type StepResult = { output: string; status: number };

export type Shell = { run(commands: string): Promise<StepResult>; close(): Promise<void> };

const STEP_LIMIT_MS = 120_000;

/** Starts the shell `name` in `cwd`. */
export function openShell(name: string, cwd: string, env: Record<string, string>): Shell {
  const child = startChild(name, ["-u"], { cwd, env, input: "pipe" });
  const { stdin, stdout, stderr } = child.process;
  let output = "";
  let onOutput = () => {};
  for (const stream of [stdout, stderr]) {
    stream?.on("data", (text: string) => {
      output += text;
      onOutput();
    });
  }

  async function run(commands: string): Promise<StepResult> {
    const mark = `end-of-step-${randomUUID()}`;
    const pattern = new RegExp(`\\n${mark} (\\d+)\\n`);
    output = "";
    const { promise: ended, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const fail = (why: string) => reject(new Error(`${why}:\n${commands}\n${output}`));
    const limit = setTimeout(fail, STEP_LIMIT_MS, "No end of");
    child.exited.then(() => fail("The shell ended in"));
    onOutput = () => {
      const found = pattern.exec(output);
      if (found) resolve(found);
    };
    // The braces keep the commands from reading the steps that follow as their input.
    stdin?.write(`{ ${commands}\n} </dev/null\nprintf '\\n%s %s\\n' ${mark} $?\n`);
    try {
      const { index, 1: status } = await ended;
      return { output: output.slice(0, index).trim(), status: Number(status) };
    } finally {
      clearTimeout(limit);
      onOutput = () => {};
    }
  }

  async function close(): Promise<void> {
    stdin?.end();
    await child.stop();
  }
  return { run, close };
}
