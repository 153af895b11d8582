import { assertEquals } from "@std/assert";
import {
  codeFlags,
  exportsFetch,
  fileMentions,
  listens,
  readHints,
  withImports,
} from "./read_hints.ts";
import { withoutComments } from "./read_modules.ts";

const PORTS: [source: string, port: number][] = [
  ["const DEFAULT_PORT = 8080;", 8080],
  ["const port: number = 3001;", 3001],
  ["Deno.serve({ port: 4507 }, handler)", 4507],
  ['Number(Deno.env.get("PORT") ?? 9090)', 9090],
  ['Deno.env.get("PORT") || "7000"', 7000],
  ["function parsePort(text) { if (!text) return 8080; }", 8080],
  ["Deno.serve(handler)", 8000],
  ["const width = 1280, on = 4321; Deno.serve({ port: on }, h)", 4321],
  ["const every = 60; viewport = 1280; Deno.serve(handler)", 8000],
  ['Deno.serve({ port: Number(Deno.env.get("PORT") ?? "8088") }, h)', 8088],
  ["const app = express(); app.listen(process.env.PORT || 3100)", 3100],
  ["app.listen(port); const port = +(process.env.PORT ?? 3200);", 3200],
  ["app.listen({ port: config.port }); const config = { port: 3300 };", 3300],
  [
    "Deno.serve({ hostname: '0.0.0.0', port }, h); let port: number = 3400",
    3400,
  ],
  ["// port: 9999\nDeno.serve({ port: 3500 /* was 1234 */ }, h)", 3500],
  ["const report = 8.8000; const x = 80800", 8000],
];

for (const [source, port] of PORTS) {
  Deno.test(`finds port ${port} in ${source}`, () => {
    assertEquals(readHints([withoutComments(source)]).port, port);
  });
}

Deno.test("says when the port is only Deno's default", () => {
  assertEquals(
    readHints(["Deno.serve(handler)"]).portSource,
    "the default of Deno.serve",
  );
});

Deno.test("takes the likeliest path for probes, and the root for want of one", () => {
  assertEquals(
    readHints(['app.get("/ping")', "app.get('/healthz')"]).healthPath,
    "/healthz",
  );
  assertEquals(readHints(['get("/healthy")']).healthPath, "/");
});

Deno.test("knows a health check only as a word of its own", () => {
  assertEquals(readHints(['if (arg === "healthcheck")']).healthcheck, true);
  assertEquals(readHints(["// a healthcheck"]).healthcheck, false);
});

Deno.test("a port among the program's arguments comes first", () => {
  const hints = readHints(["Deno.serve({ port: Number(port ?? 9000) }, h)"], [
    ...["serve", "--port", "9100"],
  ]);
  assertEquals([hints.port, hints.portSource], [9100, "its arguments"]);
});

Deno.test("loopback is where it listens, not where it connects", () => {
  const loopback = (text: string) => readHints([text]).loopback;
  assertEquals(
    loopback('Deno.serve({ port, hostname: "127.0.0.1" }, h)'),
    true,
  );
  assertEquals(loopback('app.listen(3000, "localhost")'), true);
  assertEquals(loopback('Deno.connect({ hostname: "127.0.0.1" })'), false);
});

Deno.test("variables count that are read without a fallback", () => {
  const text = 'Deno.env.get("A"); Deno.env.get("B") ?? 1; process.env.C;' +
    'process.env["D"] || ""; if (process.env.NODE_ENV === "x") {}';
  assertEquals(readHints([text]).env, ["A", "C"]);
});

Deno.test("a comment is none inside of a string", () => {
  assertEquals(
    withoutComments("a(\"http://x\", '/*', `//`); // b\n/* c */d"),
    "a(\"http://x\", '/*', `//`);  \n d",
  );
});

Deno.test("exportsFetch() knows what deno serve serves", () => {
  for (
    const text of [
      "export default { fetch() {} }",
      "export default { async fetch(r: Request) {} } satisfies X;",
      "const app = new Hono();\nexport default app;",
      "const foo = new class { fetch() {} };\nexport default foo;",
      "const a = { port: 1, fetch };\nexport default a satisfies X;",
    ]
  ) assertEquals(exportsFetch(text), true, text);
  for (
    const text of [
      "export const app = 1",
      "export default function fetch2() {}",
    ]
  ) assertEquals(exportsFetch(text), false, text);
  assertEquals(listens(["Deno.serve(h)"]), true);
  assertEquals(listens(["export const serve = 1"]), false);
});

Deno.test("fileMentions() tells what a path is relative to", () => {
  const cases: [text: string, path: string, from: string, written?: string][] =
    [
      ['new URL("./a.txt", import.meta.url)', "a.txt", "module"],
      [
        "new URL(`static/${x}.css`, import.meta.url)",
        "static",
        "module",
      ],
      ['join(import.meta.dirname!, "views")', "views", "module"],
      ['path.join(__dirname, "public")', "public", "module"],
      ['new URL("../up.txt", import.meta.url)', "../up.txt", "module"],
      ["`${import.meta.dirname}/data/x.json`", "data/x.json", "module"],
      [
        'const here = path.dirname(fileURLToPath(import.meta.url)); x(here, "../public")',
        "../public",
        "module",
      ],
      [
        'const $d = import.meta.dirname!; resolve($d, "..", "/views/")',
        "../views",
        "module",
      ],
      [
        'const dir = new URL(".", import.meta.url).pathname; open(`${dir}/a.txt`)',
        "a.txt",
        "module",
      ],
      ['Deno.readTextFile("./a.txt")', "a.txt", "cwd"],
      ['serveStatic({ root: "./public" })', "public", "cwd"],
      ['express.static("public")', "public", "cwd"],
      ['new DatabaseSync("data/app.db")', "data/app.db", "cwd", "file"],
      ['Deno.openKv("./kv/x")', "kv/x", "cwd", "file"],
      ['Deno.openKv("/data/kv")', "/data/kv", "cwd", "file"],
      ["Deno.writeTextFile(\n  `./up/${id}.txt`, x)", "up", "cwd", "folder"],
      ["Deno.writeTextFile(`./${id}.txt`, x)", ".", "cwd", "folder"],
      ['const DIR = "./up"; Deno.mkdir(DIR, x)', "up", "cwd", "folder"],
      [
        'const dir = Deno.env.get("DIR") ?? "up";\nappendFile(`${dir}/log`, x)',
        "up/log",
        "cwd",
        "file",
      ],
      ['fs.writeFileSync(path.join("up", name), x)', "up", "cwd", "folder"],
      ['Deno.open("a/b", { create: true })', "a/b", "cwd", "file"],
      ['Deno.open("a/b", { read: true })', "a/b", "cwd"],
      ['Deno.rename(from, "a/b")', "a/b", "cwd", "file"],
      ['multer({ dest: "up/" })', "up", "cwd", "folder"],
      ['join(Deno.cwd(), "static", path)', "static", "cwd"],
      ['const a = "views"; join(process.cwd(), a)', "views", "cwd"],
    ];
  for (const [text, path, from, written] of cases) {
    assertEquals(
      fileMentions(text).slice(-1),
      [{ path, from, ...written && { written } }] as unknown,
      text,
    );
  }
  for (
    const text of [
      'import x from "./x.ts"',
      'new DatabaseSync(":memory:")',
      'fetch("https://a.example/b")',
      'app.get("/static", x)',
      'Deno.readTextFile("../up")',
    ]
  ) assertEquals(fileMentions(text), [], text);
});

Deno.test("what a compiled program cannot do is told", () => {
  const cannot = (text: string) => readHints([text]).cannot.length;
  assertEquals(cannot("Deno.open(`${import.meta.dirname!}/../a`)"), 1);
  assertEquals(cannot('Deno.open(import.meta.dirname + "/../a")'), 1);
  assertEquals(cannot("new Worker(URL.createObjectURL(blob))"), 1);
  assertEquals(
    cannot('new DatabaseSync(join(import.meta.dirname!, "x.db"))'),
    1,
  );
  assertEquals(cannot("await Deno.openKv()"), 1);
  assertEquals(cannot('Deno.openKv(Deno.env.get("KV"))'), 1);
  assertEquals(cannot('Deno.openKv("./data/kv")'), 0);
  assertEquals(cannot('localStorage.setItem("a", "b")'), 1);
  assertEquals(cannot('"<script>localStorage.setItem(1, 2)</script>"'), 0);
  assertEquals(
    cannot('Deno.writeTextFile(new URL("./a", import.meta.url), "")'),
    1,
  );
  assertEquals(
    cannot(
      'new Worker(new URL("../w.ts", import.meta.url)); join(dirname, "..")',
    ),
    0,
  );
});

Deno.test("reads of files count whose path nothing tells", () => {
  const readsAny = (text: string) => readHints([text]).readsAny;
  for (
    const text of [
      'Deno.readFile("." + pathname)',
      "Deno.readFile(`${folder}/a.txt`)",
      "Deno.stat( path)",
      "serveFile(request, path)",
    ]
  ) assertEquals(readsAny(text), true, text);
  for (
    const text of [
      'Deno.readFile( "a.txt")',
      'const FILE = "a.txt"; Deno.readFile(FILE)',
      'Deno.readTextFile(new URL("./a.txt", import.meta.url))',
      'Deno.readFile(import.meta.dirname + "/a.txt")',
      "Deno.readFile(`./public/${name}`)",
    ]
  ) assertEquals(readsAny(text), false, text);
});

Deno.test("withImports() adds the constants that a module imports", () => {
  const config = 'export const DIR = "./up";\nconst OWN = "own";\n';
  const [main] = withImports([
    'import { DIR, OWN } from "./config.ts";\nDeno.mkdir(DIR);',
    config,
  ]);
  assertEquals(fileMentions(main)[0], {
    ...{ path: "up", from: "cwd", written: "folder" },
  } as unknown);
  assertEquals(main.includes('"own"'), false);
});

Deno.test("codeFlags() allows what code uses, and more where it does not tell", () => {
  const flags = (text: string, ...packages: "npm"[]) =>
    codeFlags({ sources: [text], packages: new Set(packages) })
      .map((flag) => flag.replace("--allow-", ""));
  const [net, env] = ["net=0.0.0.0,127.0.0.1", "env=PORT"];
  const cases: [text: string, ...flags: string[]][] = [
    ["Deno.serve(h)", net, env],
    [
      'Deno.env.get("PORT"); Deno.env.get("A"); process.env.B',
      net,
      `${env},A,B`,
    ],
    ["Deno.env.get(name)", net, "env"],
    ["Deno.env.toObject()", net, "env"],
    ['import { env } from "node:process"', net, "env"],
    ['fetch("https://a.example/b?c")', `${net},a.example`, env],
    ["fetch(`http://a.example:81/${b}`)", `${net},a.example:81`, env],
    ["return fetch(url)", "net", env],
    ["fetch(`https://${host}/`)", "net", env],
    ['postgres(Deno.env.get("DATABASE_URL"))', "net", `${env},DATABASE_URL`],
    ["Deno.connect({ port })", "net", env],
    [
      "export default { fetch(request) { return app.fetch(request) } }",
      net,
      env,
    ],
    ["`<script>fetch('/api')</script>`", net, env],
    ["Deno.hostname()", net, env, "sys"],
  ];
  for (const [text, ...expected] of cases) {
    assertEquals(flags(text), expected, text);
  }
  assertEquals(flags("", "npm"), [net, "env"]);
});
