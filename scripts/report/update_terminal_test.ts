import { assert, assertEquals } from "@std/assert";
import { updateTerminal } from "./update_terminal.ts";

const digest = (byte: string) => `sha256:${byte.repeat(32)}`;
const options = { columns: 80, color: false };

Deno.test("updateTerminal() has a line for each image, then what went wrong", () => {
  const shown = updateTerminal(
    {
      schemaVersion: 1,
      images: [
        {
          reference: `a.example/b:1.9@${digest("0a")}`,
          dockerfiles: ["Dockerfile"],
          status: "newer",
          tag: "1.9",
          pinned: digest("0a"),
          current: digest("0b"),
          newerTag: "1.10",
        },
        {
          reference: "c.example/d:nonroot",
          dockerfiles: ["Dockerfile"],
          status: "unknown",
          problem: "c.example cannot be reached: no route",
        },
      ],
    },
    [{ dockerfile: "Dockerfile", before: "FROM a", after: "FROM b" }],
    options,
  );
  assertEquals(
    shown,
    `BASE IMAGE           PINNED        REGISTRY               NEWER TAG
a.example/b:1.9      0a0a0a0a0a0a  0b0b0b0b0b0b  newer    1.10
c.example/d:nonroot  –             –             unknown  –

PROBLEM  c.example/d:nonroot: c.example cannot be reached: no route

Dockerfile
- FROM a
+ FROM b
`,
  );
});

Deno.test("updateTerminal() lets nothing control the terminal", () => {
  const evil = "a\x1b[31m";
  const shown = updateTerminal(
    {
      schemaVersion: 1,
      images: [{
        reference: evil,
        dockerfiles: [],
        status: "unknown",
        newerTag: evil,
        problem: evil,
      }],
    },
    [{ dockerfile: evil, before: evil, after: evil }],
    options,
  );
  assert(!shown.includes("\x1b"));
});
