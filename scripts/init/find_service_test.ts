import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { folder } from "../../testing/folder.ts";
import { UserError } from "../lib/errors.ts";
import type { Chosen } from "./choose_entry.ts";
import {
  findService,
  notesOf,
  reasonsOf,
  type Service,
} from "./find_service.ts";
import type { Hints } from "./read_hints.ts";

type Files = Record<string, string>;

const task = (command: string, more: Record<string, unknown> = {}) =>
  JSON.stringify({ tasks: { start: command }, ...more });
const SAYS = 'Deno.serve({ port: 8080 }, () => new Response("hi"));\n';

/** A service that is only looked at. */
interface Read {
  name: string;
  files: Files;
  /** Parts of what is known of it. */
  is: Record<string, unknown>;
  /** What it says besides. */
  notes?: string[];
}

const READ: Read[] = [
  {
    name: "several exports, of which one serves",
    files: {
      "deno.json":
        '{ "exports": { "./cron": "./cron.ts", "./api": "./api.ts" } }',
      "api.ts": SAYS,
      "cron.ts": 'Deno.cron("x", "* * * * *", () => {});\n',
    },
    is: { entry: "api.ts", port: 8080 },
  },
  {
    name: "a lock that is switched off",
    files: {
      "deno.json": '{ "lock": false }',
      "deno.lock": "{}",
      "main.ts": SAYS,
    },
    is: { locked: false },
  },
  {
    name: "Fresh 1: the task that watches is for developing",
    files: {
      "deno.json": JSON.stringify({
        tasks: {
          start: "deno run -A --watch=static/,routes/ dev.ts",
          build: "deno run -A dev.ts build",
          preview: "deno run -A main.ts",
        },
      }),
      "dev.ts": 'await import("./main.ts");\n',
      "main.ts": SAYS,
    },
    is: { entry: "main.ts", flags: ["-A"] },
  },
  {
    name: "Fresh 2, built",
    files: {
      "deno.json": task("deno serve -A _fresh/server.js"),
      ".gitignore": "_fresh/\n",
      "_fresh/server.js": "export default { fetch: () => new Response() };\n",
    },
    is: {
      entry: "container_serve.ts",
      served: "_fresh/server.js",
      flags: ["-A"],
      includes: ["_fresh/"],
    },
  },
  {
    name: "--config, and --env-file with an example of it",
    files: {
      "conf/deno.json":
        '{ "permissions": { "serve": { "net": true, "env": true } } }',
      ".env": "TOKEN=secret-token\nGREETING=real\n",
      ".env.example": 'GREETING="hello"\n',
      "deno.json": task(
        "deno run -c conf/deno.json --env-file=.env --unstable-kv -P=serve main.ts",
      ),
      "main.ts": 'if (!Deno.env.get("GREETING")) throw 1;\n' + SAYS,
    },
    is: {
      resolution: ["--config=conf/deno.json"],
      flags: ["--unstable-kv", "-P=serve"],
      env: { GREETING: "hello" },
      egress: true,
    },
    notes: [".env is in no image", "GREETING"],
  },
  {
    name: "package.json beside deno.json, and a loopback address",
    files: {
      "package.json":
        '{ "name": "@me/both", "license": "ISC", "type": "module" }',
      "deno.json": task(
        "deno run --allow-net=127.0.0.1:3000,db.example main.ts",
      ),
      "main.ts": 'Deno.serve({ port: 3000, hostname: "127.0.0.1" }, f);\n' +
        "function f() { return new Response(); }\n",
    },
    is: {
      name: "both",
      license: "ISC",
      files: [
        ...["deno.json", "package.json"],
        ...["container_health.ts", "container_stop.ts", "main.ts"],
      ],
      egress: ["db.example"],
    },
    notes: ["listens on 127.0.0.1", "PORT does not change"],
  },
  {
    name: "it stops by itself and knows its health check: nothing is written",
    files: {
      "main.ts": 'if (Deno.args[0] === "healthcheck") Deno.exit(0);\n' +
        'for (const name of ["SIGTERM", "SIGINT"] as const)\n' +
        "  Deno.addSignalListener(name, () => Deno.exit(0));\n" + SAYS,
    },
    is: { preloads: [], stopsOn: [], healthcheck: true },
  },
  {
    name: "it stops on SIGTERM alone: the rest is written",
    files: {
      "main.ts": 'Deno.addSignalListener("SIGTERM", () => Deno.exit(0));\n' +
        SAYS,
    },
    is: {
      preloads: ["container_health.ts", "container_stop.ts"],
      stopsOn: ["SIGINT"],
    },
  },
  {
    name: "tests below the top folder, and another project's",
    files: {
      "deno.json": JSON.stringify({
        tasks: { start: "deno run -N main.ts", test: "deno test -A tests/" },
      }),
      "main.ts": SAYS,
      "tests/main_test.ts": 'Deno.test("a", () => {});\n',
      "tests/helper.ts": "",
      "tests/browser.test.ts": 'import { test } from "vitest";\n',
      "tool/deno.json": "{}",
      "tool/tool_test.ts": 'Deno.test("b", () => {});\n',
    },
    is: { tests: ["tests/main_test.ts"], testFlags: ["-A"] },
  },
  {
    name: "a key-value store is a file, whatever it is called",
    files: {
      "deno.json": task(
        "deno run --unstable-kv -N -R=./store,./kv/db -W=./store,./kv/db main.ts",
      ),
      "main.ts": 'await Deno.openKv("./kv/db");\n' + SAYS,
    },
    is: { state: ["kv", "store"], includes: [], beside: [] },
  },
  {
    name: "what it writes is state, whatever it is permitted",
    files: {
      "deno.json": task("deno run -A main.ts"),
      "uploads/old.txt": "private",
      "views/index.html": "<p>",
      "main.ts":
        "Deno.writeTextFile(`./uploads/${crypto.randomUUID()}`, '');\n" +
        'Deno.readDir("uploads"); Deno.readTextFile("views/index.html");\n' +
        SAYS,
    },
    is: {
      state: ["uploads"],
      beside: ["views/index.html"],
      leftOut: [{ path: "uploads/", why: "the service writes it" }],
    },
  },
  {
    name: "static folders come along where a string names them",
    files: {
      "deno.json": task("deno run --allow-net --allow-read main.ts"),
      "public/a.css": "a",
      "assets/b.css": "b",
      "www/c.css": "c",
      "main.ts": 'if (p.startsWith("/public/")) Deno.readFile("." + p);\n' +
        'const css = (name: string) => join(Deno.cwd(), "www", name);\n' +
        'const headers = { "cache-control": "public, max-age=1" };\n' + SAYS,
    },
    is: {
      includes: ["public/"],
      beside: ["public/", "www/"],
      leftOut: [{ path: "assets/", why: "nothing names it" }],
    },
  },
  {
    name: "no permissions but those that its code uses",
    files: {
      "templates/index.html": "<p>",
      "main.ts":
        'Deno.readTextFile("templates/index.html"); Deno.env.get("GREETING");\n' +
        'const FILE = "./data/count"; Deno.writeTextFile(FILE, "1");\n' + SAYS,
    },
    is: {
      flags: [
        "--allow-net=0.0.0.0,127.0.0.1",
        "--allow-env=PORT,GREETING",
        "--allow-read=templates/index.html,data",
        "--allow-write=data",
      ],
    },
  },
  {
    name: "what it writes is state, whatever may read it",
    files: {
      "deno.json": task(
        "deno compile -N -R=./data,./site -W=./data --include data --include .env --include site main.ts",
      ),
      "data/shop.db": "password",
      ".env": "TOKEN=x",
      "site/index.html": "<p>",
      "site/private.pem": "key",
      "main.ts": SAYS,
    },
    is: {
      includes: ["site/"],
      state: ["data"],
      leftOut: [
        { path: ".env", why: "it looks like a secret" },
        { path: "data/", why: "the service writes it" },
        { path: "site/private.pem", why: "it looks like a secret" },
      ],
    },
  },
  {
    name: "a test that cannot be built is left out, with the reason",
    files: {
      "main.ts": SAYS,
      "main_test.ts": 'Deno.test("a", () => {});',
      "b_test.ts": 'import "./gone.ts";\nDeno.test("a", () => {});',
    },
    is: { tests: ["main_test.ts"] },
  },
];

for (const { name, files, is, notes = [] } of READ) {
  Deno.test(`findService(): ${name}`, async () => {
    await using here = await folder(files);
    const found = await findService(here.path);
    const service: Record<string, unknown> = {
      ...found.service,
      leftOut: found.service.leftOut.toSorted((a, b) =>
        a.path < b.path ? -1 : 1
      ),
    };
    for (const [key, value] of Object.entries(is)) {
      assertEquals(service[key], value, key);
    }
    for (const note of notes) {
      assertStringIncludes(notesOf(found).join("\n"), note);
    }
  });
}

const REFUSED: [name: string, files: Files, message: string, next: string][] = [
  [
    "two that serve",
    { "main.ts": SAYS, "server.ts": SAYS },
    "main.ts or server.ts",
    "--entry main.ts",
  ],
  [
    "a workspace with two services",
    {
      "deno.json": '{ "workspace": ["a", "b"] }',
      "a/deno.json": task("deno run -N main.ts"),
      "a/main.ts": SAYS,
      "b/deno.json": task("deno run -N main.ts"),
      "b/main.ts": SAYS,
    },
    "a/main.ts or b/main.ts",
    "--entry a/main.ts",
  ],
  [
    "Fresh 2, not built",
    {
      "deno.json": JSON.stringify({
        tasks: { build: "vite build", start: "deno serve -A _fresh/server.js" },
      }),
      "main.ts": "export const app = { fetch() {} };\n",
    },
    '"_fresh/server.js", which task "start" runs',
    "deno task build",
  ],
  [
    "all of its folder embedded",
    {
      "deno.json": task("deno compile -N --include . main.ts"),
      "main.ts": SAYS,
    },
    'Cannot embed "."',
    "in the service's folder",
  ],
  [
    "nothing that serves",
    { "readme.md": "x" },
    "Cannot tell which module serves",
    "tried tasks, exports, main, server",
  ],
];

for (const [name, files, message, next] of REFUSED) {
  Deno.test(`findService() refuses: ${name}`, async () => {
    await using here = await folder(files);
    const error = await assertRejects(() => findService(here.path), UserError);
    assertStringIncludes(error.message, message);
    assertStringIncludes(error.next, next);
  });
}

const SERVICE: Service = {
  ...{ name: "shop", description: "", folder: "", entry: "main.ts" },
  license: undefined,
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
  ...{ unhandled: [], env: [], cannot: [], readsAny: false },
};
const CHOSEN: Chosen = {
  member: {
    folder: "",
    files: [],
    config: { tasks: {}, permissions: {}, workspace: [] },
    npm: { scripts: {}, workspaces: [] },
    workspace: [],
  },
  ...{ entry: "main.ts", source: "", isNode: false },
  modules: {
    ...{ paths: [], sources: [], unseen: [], missing: [] },
    ...{ packages: new Set(), commonJs: false },
  },
  ...{ config: undefined, optionFiles: [], isServed: false, serves: true },
};

Deno.test("reasonsOf() has a row for each thing known, and none for the rest", () => {
  const sources = { name: "a", entry: "b", permissions: "c", port: "d" };
  const leftOut = [{ path: ".env", why: "x" }];
  const service = { ...SERVICE, folders: ["src"], leftOut };
  const rows = reasonsOf({ service, sources });
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
  const said = notesOf({ service: SERVICE, hints: HINTS, chosen: CHOSEN });
  assertEquals(said, []);
});

Deno.test("notesOf() has a note for each thing its owner should know", () => {
  const cases: [
    said: string,
    service?: Partial<Service>,
    hints?: Partial<Hints>,
    chosen?: Partial<Chosen>,
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
  for (const [said, service, hints, chosen] of cases) {
    const notes = notesOf({
      service: { ...SERVICE, ...service },
      hints: { ...HINTS, ...hints },
      chosen: { ...CHOSEN, ...chosen },
    });
    assertEquals(notes.length, 1, said);
    assertStringIncludes(notes[0], said);
  }
});
