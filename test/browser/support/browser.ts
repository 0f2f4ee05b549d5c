/** A browser on the console, and what every page must keep: no console error, no violation of the content security
 *  policy, nothing from another origin, no serious finding of axe, no sideways scrolling. */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, expect, inject } from "vitest";
import { requireChromium } from "./chromium";

const SHOTS = join(import.meta.dirname, "../../../.cache/screenshots");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export const ORIGIN = inject("origin");
const DESKTOP = { width: 1280, height: 860 };
export const PHONE = { width: 360, height: 740 };

let browser: Browser | undefined;

afterAll(async () => {
  await browser?.close();
});

export type VisitorOptions = {
  viewport?: { width: number; height: number };
  colorScheme?: "light" | "dark";
  javaScriptEnabled?: boolean;
  timezoneId?: string;
};

/** A browser of its own for one visitor: without cookies, and with everything that it complained about. */
export type Visitor = {
  page: Page;
  context: BrowserContext;
  /** Console errors, violations of the policy, and requests to other origins so far. */
  complaints: string[];
  /** Opens a path of the console. */
  open(path: string): Promise<void>;
  signIn(credential: string, path?: string): Promise<void>;
};

export async function newVisitor(options: VisitorOptions = {}): Promise<Visitor> {
  const executablePath = requireChromium();
  browser ??= await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const context = await browser.newContext({
    viewport: DESKTOP,
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    ...options,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(ORIGIN) && !url.startsWith("data:")) complaints.push(`request to ${url}`);
  });
  const open = async (path: string) => {
    await page.goto(`${ORIGIN}${path}`);
  };
  return {
    page,
    context,
    complaints,
    open,
    async signIn(credential, path = "/console") {
      await open(path);
      await page.getByLabel("API key or admin token").fill(credential);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("navigation", { name: "Console" }).waitFor();
    },
  };
}

/** Fails unless the page keeps what every page must.
 *  @param shot the name of a screenshot in .cache/screenshots, which git ignores
 *  @param showsKey the page that shows a new API key once */
export async function expectGoodPage(
  { page, complaints }: Visitor,
  shot: string,
  showsKey = false,
): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${shot}.png`), fullPage: true });
  expect(complaints, `${shot}: complaints of the browser`).toEqual([]);
  const [width, inner] = (await page.evaluate(
    "[document.documentElement.scrollWidth, innerWidth]",
  )) as [number, number];
  expect(width, `${shot}: the page scrolls sideways`).toBeLessThanOrEqual(inner);
  await expectAccessible(page, shot);
  if (showsKey) return;
  const source = await page.content();
  expect(source, `${shot}: a secret is in the page`).not.toMatch(
    /\bsk_[a-z2-7]{58}|[0-9a-f]{64}(?!")/,
  );
}

/** Axe runs by the debugger's protocol, which the content security policy does not concern. */
async function expectAccessible(page: Page, shot: string): Promise<void> {
  await page.evaluate(AXE);
  const run = `axe.run({ runOnly: ${JSON.stringify(AXE_TAGS)} }).then(({ violations }) => violations.map(
    ({ id, impact, nodes }) => ({ id, impact, at: nodes.map(({ target, failureSummary }) => target + " " + failureSummary).slice(0, 3) })))`;
  const found = (await page.evaluate(run)) as { id: string; impact: string; at: string[] }[];
  const bad = found.filter(({ impact }) => ["serious", "critical"].includes(impact));
  expect(bad, `${shot}: accessibility`).toEqual([]);
}
