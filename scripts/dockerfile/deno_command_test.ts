import { assertEquals } from "@std/assert";
import {
  entryCandidates as candidates,
  readDenoCommand,
  splitCommands,
} from "./deno_command.ts";
import { parseDockerfile } from "./parse_dockerfile.ts";

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

const entryCandidates = (text: string) =>
  candidates(parseDockerfile(`FROM x\n${text}`));

Deno.test("entryCandidates() takes what is compiled last", () => {
  const [first, second] = entryCandidates(`
FROM denoland/deno AS build
RUN deno compile --include worker.ts \\
      -o /hello \\
      ./src/service.ts && rm -rf x.ts
FROM scratch
CMD ["/hello"]
`);
  assertEquals(first, "src/service.ts");
  assertEquals(second, "main.ts");
});

Deno.test("entryCandidates() of a service that is run", () => {
  assertEquals(
    entryCandidates('CMD ["deno", "run", "-A", "app.tsx", "config.js"]')[0],
    "app.tsx",
  );
  assertEquals(
    entryCandidates(
      "FROM x\n# RUN deno run old.ts\nENTRYPOINT deno serve a/b.mjs",
    )[
      0
    ],
    "a/b.mjs",
  );
});

Deno.test("entryCandidates() maps absolute paths into the context", () => {
  assertEquals(
    entryCandidates("RUN deno compile /app/src/main.ts").slice(0, 3),
    [
      "app/src/main.ts",
      "src/main.ts",
      "main.ts",
    ],
  );
});

Deno.test("entryCandidates() never leaves the context", () => {
  for (
    const text of [
      "RUN deno compile ../other.ts",
      "RUN deno run https://example.com/mod.ts",
      "COPY main.ts deno compile x.ts",
      "",
    ]
  ) assertEquals(entryCandidates(text)[0], "main.ts");
});

Deno.test("entryCandidates() reads past substitutions and in here-documents", () => {
  const compile =
    "deno compile ${FLAGS} ${ENGINE:+--engine ${ENGINE}} --target $(echo a | sed 's/a/b/; s/c/d/')-linux -o /x app/serve.ts && touch /x";
  assertEquals(entryCandidates(`RUN ${compile}`)[0], "app/serve.ts");
  assertEquals(
    entryCandidates(`RUN <<EOF\nset -e\n${compile}\nEOF`)[0],
    "app/serve.ts",
  );
});

Deno.test("entryCandidates() of a CMD that Deno is the entrypoint for", () => {
  assertEquals(
    entryCandidates('CMD ["run", "--allow-net", "web.ts", "x.ts"]')[0],
    "web.ts",
  );
});

Deno.test("entryCandidates() of a member of a workspace, compiled in its folder", () => {
  const members = (folder: string) =>
    entryCandidates(
      `WORKDIR /app\nWORKDIR ${folder}\nRUN deno compile main.ts`,
    );
  assertEquals(members("/app/apps/api").slice(0, 2), [
    "apps/api/main.ts",
    "main.ts",
  ]);
  assertEquals(members("apps/api")[0], "apps/api/main.ts");
  assertEquals(members("/elsewhere")[0], "main.ts");
});
