// The steps of the README's tour: the paragraphs of its shell blocks, each with its first comment.

const FIRST_HEADING = "## A tour\n";
// What follows needs Java and Maven; `npm run test:kafka` runs it.
const LAST_HEADING = "### Kafka\n";

/** `[{ title, commands }]` in the order of the text; throws when the tour is not where it should be. */
export function readTour(readme) {
  const start = readme.indexOf(FIRST_HEADING);
  const end = readme.indexOf(LAST_HEADING);
  if (start < 0 || end < start) throw new Error("README.md has no tour before its Kafka section.");
  const blocks = readme.slice(start, end).matchAll(/^```sh\n([\s\S]*?)^```$/gm);
  return [...blocks].flatMap(([, block]) =>
    block
      .trim()
      .split(/\n{2,}/)
      .map((commands) => ({ title: readTitle(commands), commands })),
  );
}

function readTitle(commands) {
  const [line] = commands.split("\n");
  return line.startsWith("# ") ? line.slice(2) : line.replace(/\s+#.*$/, "").slice(0, 60);
}
