/** docs/deployment.md: its second environment has everything that wrangler does not inherit, by wrangler's own
 *  reading of wrangler.toml with that section added. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unstable_readConfig } from "wrangler";

const ROOT = join(import.meta.dirname, "..");
const read = (name: string) => readFileSync(join(ROOT, name), "utf8");
/** The parts of a configuration that are compared. wrangler's own type of it is `any`: it is not published. */
type Config = {
  name: string;
  compatibility_date: string;
  compatibility_flags: string[];
  migrations: object[];
  observability: object;
  keep_names: boolean;
  assets: { binding: string };
  durable_objects: { bindings: { name: string; class_name: string }[] };
  d1_databases: { binding: string; database_name: string; migrations_dir: string }[];
  queues: {
    producers: { binding: string }[];
    consumers: { queue: string; dead_letter_queue?: string }[];
  };
  ratelimits: { name: string; namespace_id: string; simple: object }[];
  r2_buckets: { binding: string; bucket_name: string }[];
};

let folder: string;
let production: Config;
let staging: Config;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "deployment-docs-"));
  const section = /^```toml\n(\[env\.staging\.vars\][\s\S]*?)^```/m.exec(
    read("docs/deployment.md"),
  );
  const config = join(folder, "wrangler.toml");
  writeFileSync(config, `${read("wrangler.toml")}\n${section?.[1]}`);
  const quiet = { hideWarnings: true };
  production = unstable_readConfig({ config }, quiet);
  staging = unstable_readConfig({ config, env: "staging" }, quiet);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("the second environment of docs/deployment.md", () => {
  it("The second environment has every binding of production, by name", () => {
    const names = ({ durable_objects, d1_databases, queues, ratelimits, r2_buckets }: Config) => ({
      objects: durable_objects.bindings.map(({ name, class_name }) => [name, class_name]),
      databases: d1_databases.map(({ binding, migrations_dir }) => [binding, migrations_dir]),
      producers: queues.producers.map(({ binding }) => binding),
      consumers: queues.consumers.map(({ queue: _, dead_letter_queue: __, ...rest }) => rest),
      limiters: ratelimits.map(({ name, simple }) => [name, simple]),
      buckets: r2_buckets.map(({ binding }) => binding),
    });
    expect(names(staging)).toEqual(names(production));
  });

  it("The second environment shares no queue, database, bucket or rate limiter with production", () => {
    const owned = ({ queues, d1_databases, ratelimits, r2_buckets, name }: Config) => [
      name,
      ...queues.consumers.flatMap(({ queue, dead_letter_queue }) => [queue, dead_letter_queue]),
      ...d1_databases.map(({ database_name }) => database_name),
      ...ratelimits.map(({ namespace_id }) => namespace_id),
      ...r2_buckets.map(({ bucket_name }) => bucket_name),
    ];
    const shared = owned(staging).filter((one) => one && owned(production).includes(one));
    expect(shared).toEqual([]);
  });

  it("The second environment inherits what docs/deployment.md says it inherits", () => {
    const inherited = ({ compatibility_date, compatibility_flags, migrations }: Config) => ({
      compatibility_date,
      compatibility_flags,
      migrations,
    });
    expect(inherited(staging)).toEqual(inherited(production));
    expect(staging.observability).toEqual(production.observability);
    expect(staging.keep_names).toBe(production.keep_names);
    expect(staging.assets.binding).toBe(production.assets.binding);
  });
});
