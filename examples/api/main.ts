/**
 * An API with npm packages and embedded files: how readable is this text on
 * that background?
 *
 * @module
 */
import { zValidator } from "@hono/zod-validator";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { z } from "zod";
import { contrast } from "./contrast.ts";
import { main } from "./serve.ts";

/** What is embedded by `--include static/`, and how it is served. */
const FILES = [
  { path: "/", file: "index.html", type: "text/html; charset=utf-8" },
  { path: "/style.css", file: "style.css", type: "text/css; charset=utf-8" },
];

const color = z.string().regex(
  /^#[0-9a-f]{6}$/i,
  "expected a colour such as #336699",
);
const pair = z.strictObject({ text: color, background: color });

/** The service. */
export const app = new Hono();

for (const { path, file, type } of FILES) {
  // Read once at the start; in the binary this needs no permission.
  const body = await Deno.readFile(new URL(`static/${file}`, import.meta.url));
  const headers = { "content-type": type, "cache-control": "max-age=3600" };
  app.get(path, (c) => c.body(body, 200, headers));
}

app.get("/health", (c) => c.json({ status: "ok" }));

app.get(
  "/api/contrast",
  zValidator("query", pair, (result, c) => {
    if (!result.success) return c.json(problem(result.error), 400);
  }),
  (c) => {
    const { text, background } = c.req.valid("query");
    return c.json(contrast(text, background));
  },
);

app.post(
  "/api/contrast",
  zValidator("json", z.array(pair).min(1).max(100), (result, c) => {
    if (!result.success) return c.json(problem(result.error), 400);
  }),
  (c) =>
    c.json(
      c.req.valid("json").map(({ text, background }) =>
        contrast(text, background)
      ),
    ),
);

app.on(["PUT", "PATCH", "DELETE"], "/api/contrast", (c) => {
  c.header("allow", "GET, HEAD, POST");
  return c.json({ error: `no ${c.req.method} here` }, 405);
});

app.notFound((c) => c.json({ error: "not found" }, 404));

app.onError((error, c) => {
  // Hono's own, such as the answer to a body that is no JSON.
  if (error instanceof HTTPException) {
    return c.json({ error: error.message }, error.status);
  }
  console.error(error);
  return c.json({ error: "internal error" }, 500);
});

/** One line per field, for whoever has to correct the request. */
function problem({ issues }: { issues: z.core.$ZodIssue[] }) {
  return {
    error: "invalid request",
    fields: issues.map(({ path, message }) => ({
      field: path.join("."),
      message,
    })),
  };
}

if (import.meta.main) await main(app.fetch);
