/**
 * Services as people write them: what `init` writes compiles and starts without
 * an edit, and private files are in no image. The kinds are
 * those of public reports.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { EXIT } from "../scripts/lib/errors.ts";
import { assembleBases } from "../scripts/bases/choose_bases.ts";
import { ownTag } from "../scripts/lib/owner.ts";
import { parseReport } from "../scripts/report/write_reports.ts";
import { folder, image } from "./command_line.ts";
import { engine, noEngine, test } from "./example.ts";

type Files = Record<string, string>;

const task = (command: string, more: Record<string, unknown> = {}) =>
  JSON.stringify({ tasks: { start: command }, ...more });
const serving = (answer: string) =>
  `Deno.serve({ port: Number(Deno.env.get("PORT") ?? 8080) }, ${answer});\n`;

/** A service that is built, started, and asked for a path. */
interface Case {
  name: string;
  files: Files;
  path?: string;
  says: string;
}

const STARTED: Case[] = [
  {
    name:
      "files relative to the working directory, permissions in the object form",
    files: {
      "deno.jsonc": `{ // comments
          "tasks": { "start": { "command": "deno run -P main.ts" }, },
          "permissions": { "default": {
            "net": true, "env": { "allow": ["PORT"] }, "read": ["./public/"] } } }`,
      "public/hello.txt": "hello from a file",
      "main.ts": serving(
        'async () => new Response(await Deno.readTextFile("./public/hello.txt"))',
      ),
    },
    says: "hello from a file",
  },
  {
    name: "files relative to the module and to the working directory at once",
    files: {
      "deno.json": task(
        "deno run --allow-net --allow-env=PORT --allow-read=data src/main.ts",
      ),
      "data/a.txt": "A",
      "src/b.txt": "B",
      "assets/c.txt": "C",
      "src/main.ts": serving(
        `async () => new Response(
          await Deno.readTextFile("data/a.txt") +
          await Deno.readTextFile(import.meta.dirname + "/b.txt") +
          await Deno.readTextFile(new URL("../assets/c.txt", import.meta.url)))`,
      ),
    },
    says: "ABC",
  },
  {
    name: "export default { fetch }",
    files: {
      "main.ts": 'export default { fetch: () => new Response("fetched") };\n',
    },
    says: "fetched",
  },
  {
    name: "a worker, and modules imported by a name that is put together",
    files: {
      "deno.json": task("deno run --allow-net --allow-env=PORT main.ts"),
      "worker.ts": 'import { word } from "./word.ts";\n' +
        "self.onmessage = () => self.postMessage(word);\nexport {};\n",
      "word.ts": 'export const word = "worked";\n',
      "routes/one.ts": 'export default "one";\n',
      "main.ts":
        `const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
        const done = new Promise<string>((resolve) =>
          worker.onmessage = (event) => resolve(event.data));
        worker.postMessage("");
        const name = "one";` +
        serving(
          "async () => new Response(await done + (await import(`./routes/${name}.ts`)).default)",
        ),
    },
    says: "workedone",
  },
  {
    name: "a member of a workspace, run in its own folder",
    files: {
      "deno.json": '{ "workspace": ["./apps/*", "./shared"] }',
      "shared/deno.json":
        '{ "name": "@s/shared", "version": "0.1.0", "exports": "./mod.ts" }',
      "shared/mod.ts": "export const greet = (name: string) => `to ${name}`;\n",
      "apps/web/deno.json": task(
        "deno run --allow-net --allow-env=PORT --allow-read=page.txt main.ts",
      ),
      "apps/web/page.txt": "page ",
      "apps/web/main.ts": 'import { greet } from "@s/shared";\n' + serving(
        'async () => new Response(await Deno.readTextFile("page.txt") + greet("you"))',
      ),
      "apps/job/deno.json": '{ "exports": "./main.ts" }',
      "apps/job/main.ts": 'console.log("done");\n',
    },
    says: "page to you",
  },
  {
    name: "an import map, a lock file elsewhere, and arguments of its own",
    files: {
      "deno.json": task(
        "deno run --import-map=config/imports.json --allow-net --allow-env=PORT cli.ts serve --greeting hi",
        { lock: { path: "./locks/deno.lock", frozen: true } },
      ),
      "locks/deno.lock": '{ "version": "5" }\n',
      "config/imports.json": '{ "imports": { "lib/": "../lib/" } }',
      "lib/greet.ts":
        "export const greet = (word: string) => `${word} there`;\n",
      "cli.ts": `import { greet } from "lib/greet.ts";
        const [command, , word] = Deno.args;
        if (command !== "serve") throw new Error("usage: cli serve");` +
        serving("() => new Response(greet(word))"),
    },
    says: "hi there",
  },
];

test(
  "each compiles and starts, with an empty environment in /",
  noEngine,
  async () => {
    if (engine === undefined) return;
    const { builder, runtime } = await assembleBases({ engine });
    for (const { name, files, path = "/", says } of STARTED) {
      await using here = await folder(files);
      const init = await image(["init", here.path, "--json"]);
      assertEquals(init.code, EXIT.ok, `${name}: ${init.stderr}`);
      const { service } = JSON.parse(init.stdout);
      const tag = ownTag("init-service");
      await engine.build({
        context: here.path,
        dockerfile: join(here.path, "Dockerfile.multistage"),
        tag,
        buildArgs: { BUILDER_IMAGE: builder, RUNTIME_IMAGE: runtime },
      }).catch((error) => {
        throw new Error(`${name}: ${error.output}`, { cause: error });
      });
      try {
        await using container = await engine.run({
          image: tag,
          port: service.port,
          readOnly: engine.cannot.readOnly === undefined,
        });
        assertEquals(await ask(`${container.url}${path}`), says, name);
        const health = await container.exec([
          `/${service.name}`,
          "healthcheck",
        ]);
        assertEquals(health.code, 0, `${name}: ${health.output}`);
      } finally {
        await engine.remove(tag);
      }
    }
  },
);

/** Asks until something listens. */
async function ask(url: string): Promise<string> {
  for (let left = 100;; left--) {
    try {
      return await (await fetch(url)).text();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Marks private content, to be looked for in every byte of the images. */
const SECRET = "private-d8a1f6";

/** Services of other people: no file of theirs is changed after `init`. */
const FOREIGN: Record<string, { files: Files; shows: string }> = {
  "Hono with packages, static files and SQLite": {
    shows: "<h1>Notes</h1>",
    files: {
      "deno.json": task(
        "deno run --allow-net --allow-env=PORT,NOTES_TITLE --allow-read=./public,./data --allow-write=./data --env-file src/main.ts",
        { name: "@me/notes", imports: { hono: "npm:hono@^4.6.0" } },
      ),
      "src/main.ts": `import { Hono } from "hono";
        import { serveStatic } from "hono/deno";
        import { notes } from "./routes/notes.ts";
        if (!Deno.env.get("NOTES_TITLE")) throw new Error("no title");
        const app = new Hono();
        app.get("/healthz", (c) => c.text("well"));
        app.route("/notes", notes);
        app.use("/*", serveStatic({ root: "./public" }));
        Deno.serve({ port: Number(Deno.env.get("PORT") ?? 4000) }, app.fetch);`,
      "src/routes/notes.ts": `import { DatabaseSync } from "node:sqlite";
        import { Hono } from "hono";
        const db = new DatabaseSync("data/notes.db");
        db.exec("CREATE TABLE IF NOT EXISTS notes (text TEXT)");
        export const notes = new Hono();
        notes.get("/", (c) => c.json(db.prepare("SELECT text FROM notes").all()));`,
      "public/index.html": "<h1>Notes</h1>\n",
      "public/.env": SECRET,
      "public/tls.key": SECRET,
      "public/draft.html": SECRET,
      "data/old.db": SECRET,
      ".env": `NOTES_TITLE=${SECRET}\n`,
      ".gitignore": "*.db\n.env\npublic/draft.html\nnode_modules/\n",
    },
  },
  "Express with a package.json only": {
    shows: "<p>Orders</p>",
    files: {
      "package.json": JSON.stringify({
        name: "orders",
        license: "ISC",
        scripts: { start: "node server.js" },
        dependencies: { express: "^5.1.0" },
        devDependencies: { typescript: "^5.9.2" },
      }),
      "server.js": `const path = require("node:path");
        const express = require("express");
        const orders = require("./routes/orders");
        const app = express();
        app.use("/orders", orders);
        app.use(express.static(path.join(__dirname, "public")));
        app.get("/health", (_request, response) => response.json({ ok: true }));
        app.listen(process.env.PORT || 3000);`,
      "routes/orders.js": `const { Router } = require("express");
        const router = Router();
        router.get("/", (_request, response) => response.json([]));
        module.exports = router;`,
      "public/index.html": "<p>Orders</p>\n",
      "public/orders.sqlite": SECRET,
      ".env": SECRET,
      ".npmrc": `//registry.example/:_authToken=${SECRET}\n`,
    },
  },
  "a default export for deno serve, in a workspace": {
    shows: "greetings to ",
    files: {
      "deno.json": '{ "workspace": ["./apps/*", "./packages/text"] }',
      "apps/web/deno.json": task("deno serve -N --port 8080 main.ts", {
        name: "@shop/web",
        version: "0.1.0",
        exports: "./main.ts",
      }),
      "apps/web/main.ts": `import { greet } from "@shop/text";
        export default {
          fetch: (request) => new URL(request.url).pathname === "/health"
            ? Response.json({ ok: true })
            : new Response(greet("you")),
        } satisfies Deno.ServeDefaultExport;`,
      "apps/web/secrets/id_ed25519": SECRET,
      "apps/job/deno.json":
        '{ "name": "@shop/job", "version": "0.1.0", "exports": "./mod.ts" }',
      "apps/job/mod.ts": `export const secret = "${SECRET}";`,
      "packages/text/deno.json":
        '{ "name": "@shop/text", "version": "0.1.0", "exports": "./mod.ts" }',
      "packages/text/mod.ts":
        "export const greet = (name: string) => `greetings to ${name}`;",
      "packages/text/.env": SECRET,
    },
  },
};

for (const [name, { files, shows }] of Object.entries(FOREIGN)) {
  test(`from init to a green report: ${name}`, noEngine, async () => {
    if (engine === undefined) return;
    await using here = await folder(files);
    const init = await image(["init", here.path]);
    assertEquals(init.code, EXIT.ok, init.stderr);
    const { code, stdout, stderr } = await image([
      ...["--context", here.path, "--bases", "packages", "--quick", "--json"],
      ...["--out", join(here.path, "report")],
    ]);
    assertEquals(code, EXIT.ok, stderr);
    const { variants } = parseReport(stdout, "stdout");
    assertEquals(variants.length, 4);
    for (const { name, image } of variants) {
      const found = await search(image.reference, [SECRET, shows]);
      // Both are looked for in the same way, so one has to be found.
      assertEquals(found, [shows], name);
      await engine.remove(image.reference);
    }
  });
}

/** Those of some texts that are anywhere in an image's archive. */
async function search(reference: string, texts: string[]): Promise<string[]> {
  const found = new Set<string>();
  let rest = "";
  const stream = engine?.export(reference) ?? new ReadableStream();
  for await (
    const chunk of stream.pipeThrough(new TextDecoderStream("latin1"))
  ) {
    const window = rest + chunk;
    for (const text of texts) if (window.includes(text)) found.add(text);
    rest = window.slice(-100);
  }
  return texts.filter((text) => found.has(text));
}
