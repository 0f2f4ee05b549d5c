/** The rules as an analyst writes them: text of JSON, and where in it something is wrong. */
import { type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { repeatedMembers } from "../../../domain/text/repeated-member";

/** What is wrong at a place of the text. Line and column begin at 1; a column counts UTF-16 units, as editors do. */
export type TextFault = {
  line: number;
  column: number;
  offset: number;
  length: number;
  /** The names on the way to the place; empty for the whole text. */
  path: string;
  message: string;
  /** The line that is at fault. */
  source: string;
};

export type ParsedText =
  | { ok: true; value: object; locate: Locate }
  | { ok: false; faults: TextFault[] };

/** The fault at a JSON pointer of the API, such as `#/rules/2/when`. */
type Locate = (pointer: string, message: string) => TextFault;

/** What follows a first error is often its consequence. */
const MAX_SYNTAX_FAULTS = 3;
const MAX_SOURCE_CHARACTERS = 160;

const MESSAGES: Record<ReturnType<typeof printParseErrorCode>, string> = {
  "<unknown ParseErrorCode>": "This is not valid JSON.",
  InvalidSymbol: "This is not a value of JSON.",
  InvalidNumberFormat: "This is not a number of JSON.",
  PropertyNameExpected: "A name in double quotes is missing here.",
  ValueExpected: "A value is missing here.",
  ColonExpected: "A colon is missing here.",
  CommaExpected: "A comma is missing here.",
  CloseBraceExpected: "A closing brace } is missing here.",
  CloseBracketExpected: "A closing bracket ] is missing here.",
  EndOfFileExpected: "The JSON has ended before this.",
  InvalidCommentToken: "JSON has no comments.",
  UnexpectedEndOfComment: "JSON has no comments.",
  UnexpectedEndOfString: "The closing quote of this text is missing.",
  UnexpectedEndOfNumber: "This number is incomplete.",
  InvalidUnicode: "This escape is not complete.",
  InvalidEscapeCharacter: "JSON does not have this escape.",
  InvalidCharacter: "JSON does not allow this character here.",
};

export function parseRulesText(text: string): ParsedText {
  const whole = (message: string): ParsedText => ({
    ok: false,
    faults: [toFault(text, { offset: 0, length: 0 }, "", message)],
  });
  let root: Node | undefined;
  let value: unknown;
  const errors: ParseError[] = [];
  try {
    root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
    if (errors.length === 0) value = JSON.parse(text);
  } catch (fault) {
    return whole(
      fault instanceof RangeError ? "It is nested too deeply." : "It is not valid JSON.",
    );
  }
  if (errors.length > 0) {
    const first = errors.slice(0, MAX_SYNTAX_FAULTS);
    const faults = first.map((error) =>
      toFault(text, error, "", MESSAGES[printParseErrorCode(error.error)]),
    );
    return { ok: false, faults };
  }
  if (root?.type !== "object" || typeof value !== "object" || value === null) {
    return whole("The rules must be one object of JSON.");
  }
  const tree = root;
  const at = (path: (string | number)[], message: string) =>
    toFault(text, findPlace(tree, path), path.join("/"), message);
  // Of two members with one name JSON.parse would drop the first.
  const repeated = [...repeatedMembers(text)].slice(0, MAX_SYNTAX_FAULTS);
  if (repeated.length > 0) {
    return { ok: false, faults: repeated.map((path) => at(path, "appears more than once")) };
  }
  return { ok: true, value, locate: (pointer, message) => at(readPointer(pointer), message) };
}

/** The names of a JSON pointer (RFC 6901) in a URI fragment. */
function readPointer(pointer: string): string[] {
  const names = pointer.replace(/^#\/?/, "").split("/");
  if (names.length === 1 && names[0] === "") return [];
  return names.map((name) => decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Where a path leads: the member with its name, or the innermost object that exists. Of members with one name the last
 *  is meant, which repeats the others. */
function findPlace(root: Node, path: (string | number)[]): { offset: number; length: number } {
  let node = root;
  let place: Node = root;
  for (const name of path) {
    const { type, children = [] } = node;
    const found =
      type === "array"
        ? children[Number(name)]
        : children.findLast(({ children: [key] = [] }) => key?.value === String(name));
    if (!found) break;
    place = found;
    node = found.type === "property" ? (found.children?.[1] ?? found) : found;
  }
  // A whole object or list would mark everything in it.
  return place === root ? { offset: 0, length: 0 } : place;
}

function toFault(
  text: string,
  { offset, length }: { offset: number; length: number },
  path: string,
  message: string,
): TextFault {
  const before = text.slice(0, offset).split("\n");
  const line = before.length;
  const column = (before.at(-1)?.length ?? 0) + 1;
  const source = (text.split("\n")[line - 1] ?? "").trim().slice(0, MAX_SOURCE_CHARACTERS);
  const end = text.indexOf("\n", offset);
  const toLineEnd = (end < 0 ? text.length : end) - offset;
  return { line, column, offset, length: Math.min(length, toLineEnd), path, message, source };
}
