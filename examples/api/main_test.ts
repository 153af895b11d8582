/**
 * The service's tests. They need no package: what is in `node_modules` is in the
 * binary, whoever asked for it.
 *
 * @module
 */
import { contrast } from "./contrast.ts";
import { app } from "./main.ts";

function equal(actual: unknown, expected: unknown) {
  const [got, wanted] = [actual, expected].map((value) =>
    JSON.stringify(value)
  );
  if (got !== wanted) throw new Error(`expected ${wanted}, got ${got}`);
}

const query = (text: string, background: string) =>
  `/api/contrast?${new URLSearchParams({ text, background })}`;
const post = (body: string) =>
  app.request("/api/contrast", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });

Deno.test("black on white is 21, and a colour on itself 1", () => {
  equal(contrast("#000000", "#FFFFFF").ratio, 21);
  equal(contrast("#336699", "#336699").ratio, 1);
});

Deno.test("the exact ratio decides, not the rounded one", () => {
  // The lightest grey that passes AA on white, and the next one.
  equal(contrast("#767676", "#ffffff").passes, { AA: true, AAA: false });
  equal(contrast("#777777", "#ffffff").passes, { AA: false, AAA: false });
});

Deno.test("one pair by query", async () => {
  const response = await app.request(query("#595959", "#ffffff"));
  equal(response.status, 200);
  equal(await response.json(), {
    ratio: 7,
    passes: { AA: true, AAA: true },
  });
});

Deno.test("many pairs by body", async () => {
  const pair = { text: "#000000", background: "#ffffff" };
  const response = await post(JSON.stringify([pair, pair]));
  equal(response.status, 200);
  equal((await response.json()).length, 2);
});

Deno.test("what is wrong is named, field by field", async () => {
  const response = await app.request(query("red", "#ffffff"));
  equal(response.status, 400);
  equal(await response.json(), {
    error: "invalid request",
    fields: [{
      field: "text",
      message: "expected a colour such as #336699",
    }],
  });
  for (const body of ["[]", "{", "", '[{"text":"#000000"}]']) {
    const refused = await post(body);
    equal([body, refused.status], [body, 400]);
    equal(typeof (await refused.json()).error, "string");
  }
});

Deno.test("files keep their types, and unknown paths and methods are refused", async () => {
  const type = async (path: string) => {
    const response = await app.request(path);
    await response.body?.cancel();
    return [response.status, response.headers.get("content-type")];
  };
  equal(await type("/"), [200, "text/html; charset=utf-8"]);
  equal(await type("/style.css"), [200, "text/css; charset=utf-8"]);
  equal(await type("/main.ts"), [404, "application/json"]);
  const refused = await app.request("/api/contrast", { method: "DELETE" });
  equal(refused.status, 405);
  equal(refused.headers.get("allow"), "GET, HEAD, POST");
});
