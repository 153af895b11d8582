/**
 * The service's tests; what needs certificates is tested from outside.
 *
 * @module
 */
import { localTime } from "./local_time.ts";
import { handler } from "./main.ts";

function equal(actual: unknown, expected: unknown) {
  const [got, wanted] = [actual, expected].map((value) =>
    JSON.stringify(value)
  );
  if (got !== wanted) throw new Error(`expected ${wanted}, got ${got}`);
}

/** Nothing listens there, and the permissions allow to find out. */
const NOWHERE = "https://127.0.0.1:2";

const ask = (path: string, upstream = NOWHERE, method = "GET") =>
  handler(new Request(`http://localhost${path}`, { method }), upstream);

Deno.test("summer time, and zones that are off by half an hour", () => {
  const noon = (month: string) => `2026-${month}-01T12:00:00Z`;
  equal(localTime(noon("01"), "Europe/Berlin"), "2026-01-01 13:00 GMT+01:00");
  equal(localTime(noon("07"), "Europe/Berlin"), "2026-07-01 14:00 GMT+02:00");
  equal(localTime(noon("07"), "Asia/Kolkata"), "2026-07-01 17:30 GMT+05:30");
});

Deno.test("what is no zone or no instant is the client's mistake", async () => {
  for (
    const path of [
      "/local?at=2026-07-01T12:00:00Z&zone=Mars/Olympus",
      "/local?at=tomorrow&zone=UTC",
      "/local",
      "/events?zone=Mars/Olympus",
    ]
  ) equal([path, (await ask(path)).status], [path, 400]);
});

Deno.test("an upstream that is not there is a bad gateway", async () => {
  const response = await ask("/events");
  equal(response.status, 502);
  equal(await response.json(), { error: "the events cannot be had" });
});

Deno.test("a host that is not in deno.json is never called", async () => {
  const response = await ask("/events", "https://events.example.com:444");
  equal(response.status, 502);
});

Deno.test("unknown paths and methods are refused", async () => {
  equal((await ask("/")).status, 404);
  const refused = await ask("/events", NOWHERE, "POST");
  equal([refused.status, refused.headers.get("allow")], [405, "GET, HEAD"]);
});
