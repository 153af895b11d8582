import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Entry } from "./choose_entry.ts";
import type { Hints } from "./read_hints.ts";
import { notesOf, reasonsOf, type Service } from "./service.ts";

const SERVICE: Service = {
  ...{ name: "shop", description: "", folder: "", entry: "main.ts" },
  ...{
    args: [],
    resolution: [],
    flags: ["-N"],
    preloads: [],
    stopsOn: [],
    includes: [],
  },
  ...{ beside: [], state: [], locked: false, files: ["main.ts"], folders: [] },
  ...{ leftOut: [], tests: [], testFlags: [], port: 3000, healthcheck: true },
  ...{ healthPath: "/up", answersHead: true, egress: [], env: {} },
};
const HINTS: Hints = {
  ...{ port: 3000, portSource: "", readsPort: true, loopback: false },
  ...{ healthcheck: true, healthPath: "/up", looksAtMethod: false },
  ...{ unhandled: [], env: [], cannot: [] },
};
const ENTRY: Entry = {
  member: {
    folder: "",
    files: [],
    config: { imports: {}, tasks: {}, permissions: {}, workspace: [] },
    npm: { scripts: {}, dependencies: {}, devDependencies: {}, workspaces: [] },
  },
  ...{ entry: "main.ts", source: "", isNode: false },
};

Deno.test("reasonsOf() has a row for each thing known, and none for the rest", () => {
  const sources = { name: "a", entry: "b", permissions: "c", port: "d" };
  const rows = reasonsOf(
    { ...SERVICE, folders: ["src"], leftOut: [{ path: ".env", why: "x" }] },
    sources,
  );
  assertEquals(rows.map(({ what, value, source }) => [what, value, source]), [
    ["name", "shop", "a"],
    ["entry", "main.ts", "b"],
    ["permissions", "-N", "c"],
    ["copied", "main.ts src/", "what the entry imports and reads"],
    ["port", "3000", "d"],
    ["health path", "/up", "strings in its modules"],
    ["health check", "/shop healthcheck", "strings in its modules"],
    ["left out", ".env", "x"],
  ]);
});

Deno.test("notesOf() says nothing of a service that lacks nothing", () => {
  assertEquals(notesOf(SERVICE, HINTS, ENTRY), []);
});

Deno.test("notesOf() has a note for each thing its owner should know", () => {
  const cases: [
    said: string,
    service?: Partial<Service>,
    hints?: Partial<Hints>,
    entry?: Partial<Entry>,
  ][] = [
    ["any host", { egress: true }],
    ["contract.json sets TOKEN", { env: { TOKEN: "example" } }],
    ["No HEALTHCHECK", { healthcheck: false }],
    ["a volume there hides", { state: ["."], beside: ["a.txt"] }],
    ["deno install", { folders: ["node_modules"] }],
    ["listen on 0.0.0.0", {}, { loopback: true }],
    ["PORT does not change its port, 3000", {}, { readsPort: false }],
    ["no plugins", {}, { cannot: ["no plugins"] }],
    ["Node asks for no permissions", {}, {}, { isNode: true }],
  ];
  for (const [said, service, hints, entry] of cases) {
    const notes = notesOf(
      { ...SERVICE, ...service },
      { ...HINTS, ...hints },
      { ...ENTRY, ...entry },
    );
    assertEquals(notes.length, 1, said);
    assertStringIncludes(notes[0], said);
  }
});
