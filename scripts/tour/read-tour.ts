// The steps of the tour: the paragraphs of the shell blocks of docs/tour.md, each with its first comment.

/** The document that has the tour, below the project's folder. */
export const TOUR = "docs/tour.md";

const FIRST_HEADING = "# A tour\n";
// What follows needs Java and Maven; `npm run test:kafka` runs it.
const LAST_HEADING = "## Kafka\n";

export type TourStep = { title: string; commands: string };

/** The steps in the order of the text; throws when the tour is not where it should be. */
export function readTour(text: string): TourStep[] {
  const start = text.indexOf(FIRST_HEADING);
  const end = text.indexOf(LAST_HEADING);
  if (start < 0 || end < start) throw new Error(`${TOUR} has no tour before its Kafka section.`);
  const blocks = text.slice(start, end).matchAll(/^```sh\n([\s\S]*?)^```$/gm);
  return [...blocks].flatMap(([, block = ""]) =>
    block
      .trim()
      .split(/\n{2,}/)
      .map((commands) => ({ title: readTitle(commands), commands })),
  );
}

function readTitle(commands: string): string {
  const [line = ""] = commands.split("\n");
  return line.startsWith("# ") ? line.slice(2) : line.replace(/\s+#.*$/, "").slice(0, 60);
}
