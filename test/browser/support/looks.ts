/** The windows and colour schemes in which pages are looked at. Two of them have each width and each scheme; with `--mode heavy`
 *  they are all four. */
import { sized } from "../../support/sized";
import { PHONE, type VisitorOptions } from "./browser";

const EACH: [name: string, options: VisitorOptions][] = [
  ["desktop-light", {}],
  ["phone-dark", { viewport: PHONE, colorScheme: "dark" }],
  ["desktop-dark", { colorScheme: "dark" }],
  ["phone-light", { viewport: PHONE }],
];

export const LOOKS = EACH.slice(0, sized(2, 4));
