import { assertEquals } from "@std/assert";
import { readCommand } from "./read_command.ts";

const CASES: [command: string, expected: ReturnType<typeof readCommand>][] = [
  ["deno run -P=serve main.ts", {
    verb: "run",
    entry: "main.ts",
    flags: ["-P=serve"],
    includes: [],
  }],
  [
    "deno run --watch --allow-net=:8080 -E=PORT --unstable-kv ./src/app.tsx --x",
    {
      verb: "run",
      entry: "src/app.tsx",
      flags: ["--allow-net=:8080", "-E=PORT", "--unstable-kv"],
      includes: [],
    },
  ],
  ["deno run -A offline/deno.ts run -P=serve main.ts", {
    verb: "run",
    entry: "main.ts",
    flags: ["-P=serve"],
    includes: [],
  }],
  ["deno compile -A --include static --include=./data/x.json -o x 'main.ts'", {
    verb: "compile",
    entry: "main.ts",
    flags: ["-A"],
    includes: ["static", "data/x.json"],
  }],
  ["deno task build && deno serve -N server.ts", {
    verb: "serve",
    entry: "server.ts",
    flags: ["-N"],
    includes: [],
  }],
  ["deno run jsr:@std/http/file-server", undefined],
  ["deno run https://example.com/mod.ts", undefined],
  ["vite build", undefined],
  ["run main.ts", undefined],
  ["", undefined],
];

for (const [command, expected] of CASES) {
  Deno.test(`reads the task "${command}"`, () => {
    assertEquals(readCommand(command), expected);
  });
}
