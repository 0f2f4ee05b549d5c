/** Before every file inside workerd: the book's tables. */
import { applyD1Migrations } from "cloudflare:test";
import { env } from "./env";

await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
