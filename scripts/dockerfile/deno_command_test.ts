import { assertEquals } from "@std/assert";
import { readDenoCommand, splitCommands } from "./deno_command.ts";

function read(text: string) {
  const found = splitCommands(text).map((words) => readDenoCommand(words))
    .findLast((command) => command !== undefined);
  if (found === undefined) return;
  const { verb, entry, flags, includes, options, args } = found;
  return [verb, entry, flags, includes, Object.fromEntries(options), args];
}

const CASES: [command: string, expected: ReturnType<typeof read>][] = [
  ["deno run -P=serve main.ts", ["run", "main.ts", ["-P=serve"], [], {}, []]],
  [
    "deno run --watch --allow-net=:8080 -E=PORT --unstable-kv ./src/app.tsx --x",
    [
      "run",
      "src/app.tsx",
      ["--allow-net=:8080", "-E=PORT", "--unstable-kv"],
      [],
      { watch: "" },
      ["--x"],
    ],
  ],
  // The program's own arguments, and a wrapper that has some.
  [
    "deno run --allow-net cli.ts serve --port 9000",
    ["run", "cli.ts", ["--allow-net"], [], {}, ["serve", "--port", "9000"]],
  ],
  [
    "deno run -A offline/deno.ts run -P=serve main.ts",
    ["run", "main.ts", ["-P=serve"], [], {}, []],
  ],
  [
    "PORT=1 npx -y deno -q run main.ts",
    ["run", "main.ts", [], [], {}, []],
  ],
  ["deno -A main.ts x", ["run", "main.ts", ["-A"], [], {}, ["x"]]],
  [
    "deno run -c conf/deno.json --import-map=i.json --env-file main.js",
    [
      "run",
      "main.js",
      [],
      [],
      { config: "conf/deno.json", "import-map": "i.json", "env-file": "" },
      [],
    ],
  ],
  [
    "deno compile -A --include static --include=./data/x.json -o x 'main.ts'",
    ["compile", "main.ts", ["-A"], ["static", "data/x.json"], {
      output: "x",
    }, []],
  ],
  [
    "deno task build && deno serve -N --port 8001 server.ts",
    ["serve", "server.ts", ["-N"], [], { port: "8001" }, []],
  ],
  ["deno run jsr:@std/http/file-server x.ts", undefined],
  ["deno run https://example.com/mod.ts", undefined],
  ["vite build", undefined],
  ["run main.ts", undefined],
  ["", undefined],
];

for (const [command, expected] of CASES) {
  Deno.test(`readDenoCommand() of "${command}"`, () => {
    assertEquals(read(command), expected);
  });
}

Deno.test("splitCommands() knows quotes and substitutions", () => {
  assertEquals(splitCommands(`a "b;c" 'd"'e && f $(g | h '(' )i; j "" | k`), [
    ["a", "b;c", `d"e`],
    ["f", "$(g | h ( )i"],
    ["j", ""],
    ["k"],
  ]);
});
