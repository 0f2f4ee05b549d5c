/** `npm run archive`: reads the archive of an API, and ends with the right code. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json, text } from "node:stream/consumers";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { openArchive } from "../scripts/archive/bundled/client";
import { restoreSegments } from "../scripts/archive/bundled/restore";
import { HELP, readOptions } from "../scripts/archive/options";
import { RequestFailed } from "../scripts/operator/request";
import { paymentsOf } from "./support/archive";
import { memoryArchive } from "./support/archive-source";
import { type Fake, sendJson, serve } from "./support/http-server";

const TOKEN = "an-admin-token";
const PATH = "/api/v1/operations/archive/";
const payments = paymentsOf(["mer_a"], 60);
const shards = { "shard-0": [payments.slice(0, 40)], "shard-1": [payments.slice(40)] };
const dir = mkdtempSync(join(tmpdir(), "archive-script-"));
afterAll(() => rmSync(dir, { recursive: true }));

let fake: Fake | undefined;
afterEach(() => fake?.close());

/** An API with an archive of two shards. @param busy how many requests it refuses first */
async function startApi(busy = 0) {
  const archive = await memoryArchive(shards);
  const { source, objects } = archive;
  const restored: unknown[] = [];
  let refused = 0;
  fake = await serve(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      return sendJson(response, 401, { detail: "Wrong token." });
    }
    if (refused++ < busy) return sendJson(response, 503, { detail: "Busy." });
    const path = pathname.startsWith(PATH) ? pathname.slice(PATH.length) : "";
    const after = searchParams.get("after") ?? "";
    if (path === "segments") {
      const data = await source.readSegments(`shard-${searchParams.get("shard")}`, Number(after));
      return sendJson(response, 200, { data, transaction_shards: 2 });
    }
    if (path === "objects") {
      const data = (await source.readKeys(after)).map((key) => ({ key, bytes: 1 }));
      return sendJson(response, 200, { data, has_more: false });
    }
    if (path === "restore") {
      restored.push(await json(request));
      return sendJson(response, 200, { payments: 20 });
    }
    const object = objects.get(decodeURIComponent(path.replace("objects/", "")));
    if (!object) return sendJson(response, 404, { detail: "The archive has no such object." });
    response.writeHead(200).end(object);
  });
  return { ...archive, url: fake.url, restored };
}

async function run(url: string, ...args: string[]) {
  const child = spawn(
    process.execPath,
    ["scripts/archive/archive.ts", "--url", url, "--token", TOKEN, ...args],
    { cwd: `${import.meta.dirname}/..` },
  );
  const [out, err] = [text(child.stdout), text(child.stderr)];
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, out: await out, err: await err };
}

const RANGE = ["--from", "2026-11-22T21:00:10Z", "--through", "2026-11-22"];

describe("the command", () => {
  it("verify ends with 0 when every segment is as it was written", async () => {
    const { url } = await startApi();
    const { code, out } = await run(url, "verify");
    expect(code).toBe(0);
    expect(out).toMatch(/^Verified: 2 segments of 2 shards, 60 payments, 180 events, \d+ bytes$/m);
    expect(out).toContain("The archive is complete.");
  });

  it("verify names the segment and the object that are wrong, and ends with 1", async () => {
    const { url, objects } = await startApi();
    const [key = ""] = [...objects.keys()].filter((one) => one.includes("shard-1/"));
    objects.set(key, new Uint8Array([1]));
    objects.set("segments/shard-0/00000007-0000000000000000.json", new Uint8Array());
    const { code, out } = await run(url, "verify");
    expect(code).toBe(1);
    expect(out).toContain(`Break: shard-1, segment 1: ${key} its SHA-256 is another one`);
    expect(out).toContain("Of no segment: segments/shard-0/00000007-0000000000000000.json");
    expect(out).toContain("NOT complete");
    const { out: printed } = await run(url, "verify", "--json");
    expect(JSON.parse(printed)).toMatchObject({ shards: 2, segments: 1, breaks: [{ key }] });
  });

  it("list shows the segments of a range, with their sums", async () => {
    const { url } = await startApi();
    const { code, out } = await run(url, "list", "--from", "2026-11-22T21:00:40Z");
    expect(code).toBe(0);
    const [head, row, sums] = out.split("\n");
    expect(head).toMatch(/^shard +segment +payments +bytes +first created +last created$/);
    expect(row).toMatch(
      /^shard-1 +1 +20 +\d+ +2026-11-22T21:00:40.000Z +2026-11-22T21:00:59.000Z$/,
    );
    expect(sums).toMatch(/^1 segments, 20 payments, \d+ bytes$/);
    const { out: printed } = await run(url, "list", "--json");
    expect(JSON.parse(printed)).toMatchObject({ segments: 2, payments: 60 });
  });

  it.each(["ndjson", "parquet"])(
    "export writes the payments of a range to a file of %s",
    async (format) => {
      const { url } = await startApi();
      const output = join(dir, `payments.${format}`);
      const { code, out } = await run(
        url,
        "export",
        ...RANGE,
        "--format",
        format,
        "--output",
        output,
      );
      expect(code).toBe(0);
      expect(out).toBe(`50 payments in ${output}\n`);
      const bytes = readFileSync(output);
      if (format === "ndjson") expect(bytes.toString().split("\n")).toHaveLength(51);
      else expect(bytes.subarray(0, 4).toString()).toBe("PAR1");
    },
  );

  it("An export that fails ends with 2, and leaves no file", async () => {
    const { url, objects } = await startApi();
    objects.delete([...objects.keys()].find((key) => key.endsWith(".gz")) ?? "");
    const output = join(dir, "failed.ndjson");
    const { code, err } = await run(
      url,
      "export",
      ...RANGE,
      "--format",
      "ndjson",
      "--output",
      output,
    );
    expect(code).toBe(2);
    expect(err).toMatch(/segments\/shard-0\/\S+: is not in the bucket/);
    expect(err).not.toContain(TOKEN);
    expect(readdirSync(dir).filter((name) => name.startsWith("failed"))).toEqual([]);
  });

  it("restore puts back the segments that have payments of the range", async () => {
    const { url, restored } = await startApi();
    const { code, out } = await run(
      url,
      "restore",
      "--from",
      "2026-11-22T21:00:50Z",
      "--through",
      "2026-11-23",
    );
    expect(code).toBe(0);
    expect(restored).toEqual([{ shard: 1, number: 1, days: 30 }]);
    expect(out).toBe("shard-1, segment 1: 20 payments\nRestored: 20 payments of 1 segments\n");
  });

  it("A command that the API refuses ends with 2, and says why", async () => {
    const { url } = await startApi();
    const { code, err } = await run(url, "verify", "--token", "another");
    expect(code).toBe(2);
    expect(err).toBe("401 Wrong token.\n");
  });

  it("A wrong option ends with 2, and --help with 0", async () => {
    const wrong = await run("http://localhost:1", "export");
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain("--from and --through");
    const help = await run("http://localhost:1", "--help");
    expect([help.code, help.out.trim()]).toEqual([0, HELP.trim()]);
  });
});

describe("the client", () => {
  it("A busy API is asked again", async () => {
    const { url, source } = await startApi(2);
    const pauses: number[] = [];
    const archive = openArchive({ url, token: TOKEN }, async (ms) => pauses.push(ms));
    expect(await archive.readShards()).toEqual(["shard-0", "shard-1"]);
    expect(pauses).toEqual([1_000, 2_000]);
    expect(await archive.readSegments("shard-1", 0)).toEqual(
      await source.readSegments("shard-1", 0),
    );
    expect(await archive.readObject("segments/none")).toBeUndefined();
  });

  it("An API that stays busy ends the work with its reason", async () => {
    const { url, source } = await startApi(100);
    const deployment = { url, token: TOKEN };
    const archive = openArchive(deployment, async () => {});
    await expect(archive.readKeys("")).rejects.toThrow(new RequestFailed(503, "503 Busy."));
    await expect(archive.readObject("segments/none")).rejects.toThrow("503 Busy.");
    const wanted = { range: { from: "0", through: "9" }, days: 1 };
    const restoring = restoreSegments(deployment, source, wanted, async () => {}).next();
    await expect(restoring).rejects.toThrow("503 Busy.");
  });
});

describe("the options", () => {
  const read = (...args: string[]) => readOptions(args, { ADMIN_TOKEN: "t" });
  const FILE = ["--format", "ndjson", "--output", "x"];

  it("A day is the whole day in UTC, and a time is an instant with any offset", () => {
    expect(read("list", "--from", "2026-11-22", "--through", "2026-11-22")).toMatchObject({
      range: { from: "2026-11-22T00:00:00.000Z", through: "2026-11-22T23:59:59.999Z" },
    });
    const local = ["--from", "2026-11-22T00:00:00+02:00", "--through", "2026-11-22T12:00:00.5Z"];
    expect(read("export", ...local, ...FILE)).toMatchObject({
      range: { from: "2026-11-21T22:00:00.000Z", through: "2026-11-22T12:00:00.500Z" },
    });
    expect(read("list")).toMatchObject({ range: { from: /^0000/, through: /^9999/ } });
  });

  it.each([
    [[], /verify, list, export, restore/],
    [["erase"], /verify, list, export, restore/],
    [["verify", "list"], /"list" is none/],
    [["verify", "--from", "2026-11-22"], /verify has no option --from/],
    [["list", "--merchant", "mer_a"], /list has no option --merchant/],
    [["list", "--from", "yesterday"], /--from must be a time/],
    [["list", "--from", "2026-11-22T10:00:00"], /--from must be a time/],
    [["list", "--from", "2026-13-22"], /--from must be a time/],
    [["list", "--from", "2026-11-23", "--through", "2026-11-22"], /must not be before/],
    [["export", ...RANGE, "--output", "x"], /--format must be ndjson or parquet/],
    [
      ["export", ...RANGE, "--format", "csv", "--output", "x"],
      /--format must be ndjson or parquet/,
    ],
    [["export", ...RANGE, "--format", "ndjson"], /--output/],
    [["export", "--from", "2026-11-22", ...FILE], /--from and --through/],
    [["restore", "--from", "2026-11-22"], /--from and --through/],
    [["restore", ...RANGE, "--merchant", "mer_a"], /restore has no option --merchant/],
    [["restore", ...RANGE, "--days", "0"], /--days must be a number from 1 to 365/],
    [["restore", ...RANGE, "--days", "366"], /--days must be a number from 1 to 365/],
    [["restore", ...RANGE, "--days", "1e2"], /--days must be a number from 1 to 365/],
    [["list", "--nonsense"], /nonsense/],
  ])("%j is refused", (args, reason) => {
    expect(() => read(...args)).toThrow(reason);
  });

  it("--help names every option", () => {
    for (const name of [
      "from",
      "through",
      "merchant",
      "format",
      "output",
      "days",
      "url",
      "token",
      "json",
    ]) {
      expect(HELP).toContain(`--${name} `);
    }
  });
});
