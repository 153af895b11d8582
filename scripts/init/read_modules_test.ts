import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { folder } from "../../testing/folder.ts";
import { UserError } from "../lib/errors.ts";
import { readModules, withoutComments } from "./read_modules.ts";

async function read(files: Record<string, string>, entry = "main.ts") {
  await using here = await folder(files);
  return await readModules(await Deno.realPath(here.path), entry);
}

Deno.test("readModules() follows imports, the entry first", async () => {
  const { paths, sources, packages } = await read({
    "main.ts": 'import "./lib/b.ts"; // "./c.ts"\nimport "node:fs";\n',
    "lib/b.ts": 'import data from "../a.json" with { type: "json" };\ndata;\n',
    "a.json": "{}",
    "c.ts": "",
  });
  assertEquals(paths, ["main.ts", "a.json", "lib/b.ts"]);
  assertEquals([...packages], ["node"]);
  assertEquals(sources[0].includes("c.ts"), false);
});

Deno.test("readModules() finds workers and what they import", async () => {
  const { paths, unseen } = await read({
    "main.ts": 'new Worker(new URL("./worker.ts", import.meta.url).href);\n',
    "worker.ts": 'import "./word.ts";\n',
    "word.ts": "export {};\n",
  });
  assertEquals(paths, ["main.ts", "word.ts", "worker.ts"]);
  assertEquals(unseen, ["worker.ts"]);
});

Deno.test("readModules() follows require without extensions", async () => {
  const { paths, unseen, commonJs } = await read({
    "package.json": '{ "type": "commonjs" }',
    "server.js": 'require("./routes");\nrequire("./word");\n',
    "routes/index.js": 'module.exports = require("../word");\n',
    "word.js": "module.exports = 1;\n",
  }, "server.js");
  assertEquals(paths, ["server.js", "routes/index.js", "word.js"]);
  assertEquals(unseen, ["routes/index.js", "word.js"]);
  assertEquals(commonJs, true);
});

Deno.test("readModules() names what it cannot read", async () => {
  const problem = (files: Record<string, string>, entry?: string) =>
    assertRejects(() => read(files, entry), UserError);
  const missing = await problem({ "main.ts": 'import "./none.ts";\n' });
  assertEquals(missing.message, 'Cannot read the modules of "main.ts"');
  assertStringIncludes(missing.output ?? "", "none.ts");
  await using here = await folder({
    "word.ts": "export {};\n",
    "service/main.ts": 'import "../word.ts";\n',
  });
  const root = await Deno.realPath(`${here.path}/service`);
  const outside = await assertRejects(
    () => readModules(root, "main.ts"),
    UserError,
    'it imports "../word.ts"',
  );
  assertStringIncludes(outside.next, "the folder that holds both");
});

Deno.test("withoutComments() leaves texts that look like comments", () => {
  assertEquals(
    withoutComments('a("http://x"); // port 1\n/* port\n2 */ b(`//`);'),
    'a("http://x");  \n  b(`//`);',
  );
});
