/** The HTML document around every page. Nothing is inline: the content security policy forbids it. */
import type { Child } from "hono/jsx";

type Props = { title: string; scripts: readonly string[]; bare?: boolean; children?: Child };

export function Document({ title, scripts, bare = false, children }: Props) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${title} · Payments`}</title>
        <link rel="icon" type="image/svg+xml" href="/console/assets/icon.svg" />
        <link rel="stylesheet" href="/console/assets/console.css" />
        {["console", ...scripts].map((name) => (
          <script type="module" src={`/console/assets/${name}.js`} />
        ))}
      </head>
      <body class={bare ? "bare" : "app"}>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        {children}
      </body>
    </html>
  );
}
