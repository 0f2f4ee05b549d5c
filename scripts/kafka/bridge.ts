// The Strimzi bridge, a third-party HTTP server that accepts the v2 produce form. It is not
// on Maven Central: KAFKA_BRIDGE_HOME names the folder of an unpacked release, with `libs` in it.
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Child, startChild } from "../processes/child-process.ts";
import { freePort } from "../processes/free-port.ts";
import { removeAtExit } from "../processes/remove-at-exit.ts";
import { until } from "../processes/wait.ts";
import type { RestServer, Stoppable } from "./servers.ts";

type At = { bootstrap: string; port: number; managementPort: number };

const START_LIMIT_MS = 60_000;
const ASK_LIMIT_MS = 2_000;

/** The bridge's version, or null when there is none at `home`. */
function versionAt(home: string): string | null {
  const libs = join(home, "libs");
  if (!existsSync(libs)) return null;
  const jars = readdirSync(libs).map((name) => /kafka-bridge-(\d.*)\.jar$/.exec(name)?.[1]);
  return jars.find((version) => version !== undefined) ?? null;
}

/** Why no bridge can be started, or null when one can. */
export function whyNoBridge(home = process.env.KAFKA_BRIDGE_HOME): string | null {
  if (!home) return "KAFKA_BRIDGE_HOME does not name an unpacked Strimzi bridge";
  return versionAt(home) === null ? `there is no libs/kafka-bridge-….jar in ${home}` : null;
}

// The bridge gives up before a sender does who waits ten seconds, so that no record of a request
// that has been given up lands after the next one.
function properties({ bootstrap, port, managementPort }: At): string {
  return `bridge.id=local
kafka.bootstrap.servers=${bootstrap}
kafka.producer.acks=all
kafka.producer.enable.idempotence=true
kafka.producer.delivery.timeout.ms=8000
kafka.producer.request.timeout.ms=4000
kafka.producer.max.block.ms=5000
http.host=127.0.0.1
http.port=${port}
http.management.port=${managementPort}
http.producer.enabled=true
http.consumer.enabled=false
`;
}

async function isReady(port: number): Promise<boolean> {
  const signal = AbortSignal.timeout(ASK_LIMIT_MS);
  const { ok } = await fetch(`http://127.0.0.1:${port}/ready`, { signal });
  return ok;
}

/** Starts a bridge to `bootstrap`. */
export async function startBridge(
  bootstrap: string,
  home = process.env.KAFKA_BRIDGE_HOME ?? "",
): Promise<RestServer & Stoppable> {
  const why = whyNoBridge(home);
  if (why) throw new Error(`There is no bridge: ${why}.`);
  const folder = removeAtExit(mkdtempSync(join(tmpdir(), "kafka-bridge-")));
  const at = { bootstrap, port: await freePort(), managementPort: await freePort() };
  const config = join(folder, "application.properties");
  writeFileSync(config, properties(at));
  const args = [
    "-Xmx256m",
    `-Dlog4j2.configurationFile=file:${join(home, "config", "log4j2.properties")}`,
    `-Dvertx.cacheDirBase=${join(folder, "cache")}`,
    ...["-cp", join(home, "libs", "*")],
    ...["io.strimzi.kafka.bridge.Application", `--config-file=${config}`],
  ];
  let child: Child;
  const start = async () => {
    child = startChild("java", args, { cwd: folder });
    // The readiness page moved to a port of its own in version 1.
    const ready = () => Promise.any([isReady(at.port), isReady(at.managementPort)]);
    await until(ready, "the bridge was ready", START_LIMIT_MS, child);
  };
  await start();
  return {
    name: `Strimzi bridge ${versionAt(home)}`,
    url: `http://127.0.0.1:${at.port}`,
    start,
    stop: () => child.stop(),
    kill: () => child.kill(),
    exited: () => child.exited,
  };
}
