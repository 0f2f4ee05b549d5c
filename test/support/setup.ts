/** Before every file inside workerd: the tables of every book. */
import { applyD1Migrations } from "cloudflare:test";
import { env } from "./env";

for (const db of [env.DB, env.BOOK_2, env.BOOK_3]) {
  if (db) await applyD1Migrations(db, env.TEST_MIGRATIONS);
}
