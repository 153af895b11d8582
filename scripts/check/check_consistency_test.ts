import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { folder } from "../../testing/folder.ts";
import { serving } from "../../testing/fake_engine.ts";
import {
  type Answer,
  checkConsistency,
  checkServerErrors,
  noteUnsent,
  staticPaths,
  takeAnswers,
} from "./check_consistency.ts";
import { contractSchema } from "./contract_schema.ts";

const contract = contractSchema.parse({
  requests: [
    { path: "/a", expect: {} },
    { path: "/a", headers: { accept: "text/html" }, expect: {} },
    { path: "/a", name: "the same once more", expect: {} },
    { path: "/a", method: "POST", expect: {} },
  ],
});

async function answersOf(handler: (request: Request) => Response) {
  const program = serving(handler);
  try {
    const url = `http://127.0.0.1:${program.port}`;
    return await takeAnswers(url, contract) ?? [];
  } finally {
    await program.destroy();
  }
}

Deno.test("takeAnswers() asks /, the health path and each GET, twice", async () => {
  const asked: string[] = [];
  const answers = await answersOf((request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname}`);
    return new Response("x");
  });
  assertEquals(asked, [
    ...["GET /", "GET /", "GET /health", "GET /health"],
    ...["GET /a", "GET /a", "GET /a", "GET /a"],
  ]);
  const [{ status, type, text }] = answers;
  assertEquals([status, type, text], [200, "text/plain;charset=UTF-8", '"x"']);
});

Deno.test("takeAnswers() leaves out a body that changes", async () => {
  let count = 0;
  const [first, second] = await answersOf((request) =>
    new Response(request.url.endsWith("/") ? `${count++}` : "x")
  );
  assertEquals(first.body, undefined);
  assert(second.body !== undefined);
});

Deno.test("checkServerErrors() finds what fails in all variants, unless the contract states it", () => {
  const failing = (...statuses: number[]): Answer[] => [
    { request: "GET /", status: statuses[0], log: "Error: no template" },
    { request: "GET /a", status: statuses[1] },
  ];
  const of = (expect: { status?: number }, ...all: Answer[][]) =>
    checkServerErrors(
      new Map(all.map((answers, index) => [`${index}`, answers])),
      contractSchema.parse({ requests: [{ path: "/a", expect }] }),
    )?.detail;
  assertEquals(
    of({}, failing(500, 200), failing(500, 200))?.split(". ")[0],
    "GET /: 500 in every variant; its log: Error: no template",
  );
  assertEquals(of({}, failing(404, 503))?.split(". ")[0], "GET /a: 503");
  assertEquals(of({ status: 503 }, failing(404, 503)), undefined);
  assertEquals(of({}, failing(500, 200), failing(200, 200)), undefined);
  assertEquals(of({}), undefined);
});

Deno.test("takeAnswers() of a service that has ended", async () => {
  const program = serving(() => new Response());
  await program.destroy();
  const url = `http://127.0.0.1:${program.port}`;
  assertEquals(await takeAnswers(url, contract), undefined);
});

const answer = (changes: Partial<Answer> = {}): Answer => ({
  request: "GET /",
  status: 200,
  type: "text/html",
  body: "1",
  text: '"one"',
  ...changes,
});

/** Compares one answer of `b` with that of the baseline `a`. */
async function compare(b: Partial<Answer>, a: Partial<Answer> = {}, later = a) {
  const all = new Map([["b", [answer(b)]], ["a", [answer(a)]]]);
  let starts = 0;
  const again = (name: string) => {
    assertEquals(name, "a");
    starts++;
    return Promise.resolve([answer(later)]);
  };
  const checks = await checkConsistency(all, "a", again);
  assertEquals([...checks.keys()], ["b"]);
  return { ...checks.get("b"), starts };
}

Deno.test("checkConsistency() compares status, type and body with the baseline's", async () => {
  assertEquals(await compare({}), {
    name: "answers as a does",
    status: "pass",
    starts: 0,
  });
  const other = { body: "2", text: '"two"' };
  for (
    const [changes, detail] of [
      [{ status: 404, ...other }, "GET /: 200 in a, 404 here"],
      [{ type: undefined }, "GET /: text/html in a, no type here"],
      [other, 'GET /: body "one" in a, "two" here'],
      [
        { status: undefined, error: "refused" },
        "GET /: 200 in a, refused here",
      ],
    ] as const
  ) {
    const found = await compare(changes);
    assertEquals([found.status, found.detail], ["fail", detail]);
  }
});

Deno.test("checkConsistency() takes a body that changes from start to start for no fault", async () => {
  const { status, starts } = await compare(
    { body: "2" },
    { body: "1" },
    { body: "3" },
  );
  assertEquals([status, starts], ["pass", 1]);
  // One that changes within a start is not compared at all.
  assertEquals((await compare({ body: undefined })).starts, 0);
});

Deno.test("checkConsistency() goes by the first when the baseline did not start", async () => {
  const all = new Map([["b", [answer()]], ["c", [answer({ status: 500 })]]]);
  const checks = await checkConsistency(all, "a", () => Promise.resolve([]));
  assertEquals([...checks.keys()], ["c"]);
  assertStringIncludes(checks.get("c")?.detail ?? "", "200 in b, 500 here");
  const none = await checkConsistency(
    new Map(),
    "a",
    () => Promise.resolve([]),
  );
  assertEquals(none.size, 0);
});

Deno.test("staticPaths() names both ways a file may be served, and few", async () => {
  await using context = await folder({
    "public/css/a.css": "",
    "public/index.html": "",
    "public/.env": "",
    "public/not this.txt": "",
    ...Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`static/${n}.js`, ""])),
    "main.ts": "",
  });
  assertEquals(await staticPaths(context.path), [
    "/public/css/a.css",
    "/css/a.css",
    "/public/index.html",
    "/index.html",
    ...[1, 2, 3, 4].flatMap((n) => [`/static/${n}.js`, `/${n}.js`]),
  ]);
  assertEquals(await staticPaths(`${context.path}/public`), []);
});

Deno.test("noteUnsent() names the files that no variant sends in either place", () => {
  const paths = ["/public/a.css", "/a.css", "/public/b.css", "/b.css"];
  const all = (...sent: string[]) =>
    new Map([[
      "one",
      paths.map((path): Answer => ({
        request: `GET ${path}`,
        status: sent.includes(path) ? 200 : 404,
      })),
    ]]);
  assertEquals(noteUnsent(paths, all("/a.css", "/public/b.css")), undefined);
  assertEquals(noteUnsent(paths, new Map()), undefined);
  assertStringIncludes(
    noteUnsent(paths, all("/a.css")) ?? "",
    "no variant sends public/b.css: ",
  );
});
