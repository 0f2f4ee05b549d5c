/** The Chromium that the tests use: the one that the system has. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The path of an installed Chromium: `CHROMIUM`, or the first one on the path. @throws Error that says how to get one */
export function requireChromium(): string {
  const { CHROMIUM, PATH = "" } = process.env;
  const places = PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  const found = CHROMIUM || places.find((path) => existsSync(path));
  if (found) return found;
  throw new Error(
    "No Chromium found. Debian and Ubuntu: apt-get install chromium. Elsewhere: set CHROMIUM to the path of a Chromium or Chrome.",
  );
}
