import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { contractSchema } from "./contract_schema.ts";
import {
  fakeEngine,
  type FakeProgram,
  serving,
  speaking,
} from "../../testing/fake_engine.ts";
import { checkStop } from "./check_stop.ts";

async function check(start: () => FakeProgram, withinMs = 10_000) {
  const contract = contractSchema.parse({
    requests: [{ path: "/", expect: {} }],
    stop: { withinMs },
  });
  const engine = fakeEngine(start);
  const checks = await checkStop({ engine, image: "x", port: 8080, contract });
  assertEquals(engine.running(), 0);
  return checks;
}

/** Tells clients to go before it closes: the way to lose nothing. */
function graceful(): FakeProgram {
  let closing = false;
  const program = serving(() =>
    new Response("x", closing ? { headers: { connection: "close" } } : {})
  );
  return {
    ...program,
    async stop() {
      closing = true;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return await program.stop();
    },
  };
}

Deno.test("checkStop() passes a service that stops with grace, and counts", async () => {
  const checks = await check(graceful);
  assertEquals(checks.map(({ status }) => status), Array(4).fill("pass"));
  for (const { name, detail } of checks.slice(0, 2)) {
    assertMatch(name, /^SIG(TERM|INT) under load loses no accepted request$/);
    assertMatch(detail ?? "", /^\d+ answered, 0 lost$/);
  }
});

Deno.test("checkStop() says how a service ended that did so by itself", async () => {
  const [first] = await check(() => {
    const ended = Promise.withResolvers<number>();
    let answered = 0;
    const program = serving(() => {
      if (++answered === 20) {
        Promise.resolve(program.destroy()).then(() => ended.resolve(137));
      }
      return new Response("x");
    });
    return { ...program, died: ended.promise };
  });
  assertEquals(first.status, "fail");
  assertMatch(first.detail ?? "", /ended with exit code 137 .* under load/);
});

Deno.test("checkStop() counts what an abrupt end loses", async () => {
  const checks = await check(() => {
    // Each answer takes a while, so there is always one on its way.
    const program = serving(async () => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      return new Response("x");
    });
    return {
      ...program,
      async stop() {
        await program.destroy();
        return 0;
      },
    };
  });
  assertEquals(checks[0].status, "fail");
  assertMatch(
    checks[0].detail ?? "",
    /^\d+ requests on open connections got no answer/,
  );
  assertEquals(checks[3].status, "pass");
});

Deno.test("checkStop() sees a wrong exit code", async () => {
  const checks = await check(() => {
    const program = graceful();
    return { ...program, stop: () => program.stop().then(() => 143) };
  });
  assertEquals(
    checks[2].detail,
    'exit code: expected 0, got 143 (SIGTERM); see "Stopping" in docs/your-service.md',
  );
});

Deno.test("checkStop() of a service that does not start", async () => {
  const checks = await check(() => ({
    ...speaking(() => Promise.resolve()),
    died: Promise.resolve(1),
    log: "first\nlast line\n",
  }));
  for (const { status, detail = "" } of checks) {
    assertEquals(status, "fail");
    assertStringIncludes(detail, "exit code 1 before it answered: last line");
  }
});
