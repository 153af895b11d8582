import { assertEquals, assertRejects } from "@std/assert";
import { UserError } from "../lib/errors.ts";
import type { Container, Engine } from "../engine/engine.ts";
import { contractSchema } from "./contract_schema.ts";
import { fakeContainer } from "../../testing/fake_engine.ts";
import { runService } from "./run_service.ts";

const contract = contractSchema.parse({
  requests: [{ path: "/", expect: { status: 200 } }],
});

/** An engine whose services end at once, as if somebody had their port. */
function robbed(times: number) {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("ok"),
  );
  let runs = 0;
  const nothing = { stop: () => Promise.resolve(0), destroy() {} };
  const run = (): Promise<Container> =>
    Promise.resolve(
      ++runs > times ? fakeContainer({ ...nothing, port: server.addr.port }) : {
        ...fakeContainer({ ...nothing, died: Promise.resolve(1) }),
        url: "http://127.0.0.1:1",
        portWasTaken: () => true,
      },
    );
  const engine = { run } as unknown as Engine;
  return {
    target: { engine, image: "x", port: 8080, contract },
    runs: () => runs,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("runService() takes another port when somebody was quicker", async () => {
  await using engine = robbed(2);
  await using service = await runService(engine.target);
  assertEquals(engine.runs(), 3);
  assertEquals(typeof service.container.url, "string");
});

Deno.test("runService() gives up when it happens each time", async () => {
  await using engine = robbed(9);
  await assertRejects(() => runService(engine.target), UserError);
  assertEquals(engine.runs(), 5);
});
