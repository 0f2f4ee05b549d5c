// The peer's process, as `node server.js` in a deployment. With more than one process, Node's cluster module shares the
// port among them. Settings: PORT, POSTGRES_PORT, REDIS_PORT, PROCESSES, MAX_DAILY_TRANSACTIONS.
import cluster from "node:cluster";
import { buildApp } from "./app.ts";
import { openFastStore } from "./redis-store.ts";
import { openStore } from "./sql-store.ts";

/** Shared out among the processes. PostgreSQL's default is at most 100 connections. */
const POOL_CONNECTIONS = 32;

// The host has ended, for whatever reason.
process.on("disconnect", () => process.exit(1));

const processes = readNumber("PROCESSES");
if (processes > 1 && cluster.isPrimary) {
  for (let started = 0; started < processes; started++) cluster.fork();
  cluster.on("exit", () => process.exit(1));
} else {
  const store = openStore(readNumber("POSTGRES_PORT"), Math.ceil(POOL_CONNECTIONS / processes));
  await store.migrate();
  const fast = openFastStore(readNumber("REDIS_PORT"));
  const app = buildApp(store, fast, readNumber("MAX_DAILY_TRANSACTIONS"));
  await app.listen({ host: "127.0.0.1", port: readNumber("PORT") });
}

function readNumber(name: string): number {
  const value = Number(process.env[name]);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`${name} must be a whole number above 0`);
}
