// A shell that runs one step after another, as a terminal does: variables are kept from step to step.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";

const STEP_LIMIT_MS = 120_000;

/** Starts the shell `name` in `cwd`. `run(commands)` gives what they printed and the last one's exit status. */
export function openShell(name, cwd, env) {
  const child = spawn(name, ["-u"], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  let output = "";
  let onOutput = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
      onOutput();
    });
  }

  async function run(commands) {
    const mark = `end-of-step-${randomUUID()}`;
    const pattern = new RegExp(`\\n${mark} (\\d+)\\n`);
    output = "";
    let found = null;
    const ended = new Promise((resolve, reject) => {
      const limit = setTimeout(
        () => reject(new Error(`No end of:\n${commands}\n${output}`)),
        STEP_LIMIT_MS,
      );
      const settle = (act, value) => {
        clearTimeout(limit);
        onOutput = () => {};
        act(value);
      };
      onOutput = () => {
        found = pattern.exec(output);
        if (found) settle(resolve);
      };
      exited.then(() => settle(reject, new Error(`The shell ended in:\n${commands}\n${output}`)));
    });
    // The braces keep the commands from reading the steps that follow as their input.
    child.stdin.write(`{ ${commands}\n} </dev/null\nprintf '\\n%s %s\\n' ${mark} $?\n`);
    await ended;
    return { output: output.slice(0, found.index).trim(), status: Number(found[1]) };
  }

  async function close() {
    child.stdin.end();
    child.kill("SIGTERM");
    await exited;
  }
  return { run, close };
}
