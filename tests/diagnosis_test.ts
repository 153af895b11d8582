/**
 * Services that are wrong in the usual ways, on real engines: each is named by
 * its check in one line that says what to do.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { assembleBases } from "../scripts/bases/choose_bases.ts";
import { checkHardening } from "../scripts/check/check_hardening.ts";
import { checkImage } from "../scripts/check/check_image.ts";
import { checkStop } from "../scripts/check/check_stop.ts";
import {
  contractSchema,
  servicePort,
} from "../scripts/check/contract_schema.ts";
import type { Target } from "../scripts/check/run_service.ts";
import type { Engine, RunOptions } from "../scripts/engine/engine.ts";
import { freePort } from "../scripts/engine/free_port.ts";
import { messageOf, UserError } from "../scripts/lib/errors.ts";
import { SERVES } from "./fault_context.ts";
import { withEngines } from "./fault_engines.ts";
import { Place } from "./fault_place.ts";

/** A service of Deno, without a build: the builder's base runs its text. */
async function serviceOf(
  engine: Engine,
  text: string,
  contract: Record<string, unknown> = {},
): Promise<Target> {
  const { builder } = await assembleBases({ engine });
  const prelude = `const port = Number(Deno.env.get("PORT"));\n`;
  // In place of the entrypoint, an init: Deno is the first process.
  const entrypoint = ["deno", "eval", `${prelude}${text}\nvoid 0`];
  const run = (options: RunOptions) => engine.run({ entrypoint, ...options });
  return {
    engine: Object.create(engine, { run: { value: run } }),
    image: builder,
    port: 8080,
    contract: contractSchema.parse({
      healthPath: "/",
      readyTimeoutMs: 2500,
      burst: { requests: 20, connections: 2 },
      requests: [{ path: "/", expect: { status: 200 } }],
      ...contract,
    }),
  };
}

/** What the first check says of a service that cannot be used at all. */
async function startOf(...service: Parameters<typeof serviceOf>) {
  const target = await serviceOf(...service);
  const facts = { healthcheck: [] };
  const { checks } = await checkImage(target, facts, { quick: true });
  const [{ name, status, detail = "" }, ...others] = checks.contract ?? [];
  assertEquals([name, status, others.length], [
    "starts and answers",
    "fail",
    0,
  ]);
  const [line, ...log] = detail.split("\n");
  return { line, log };
}

/** Skips the test with the reason where no base can be assembled. */
function withBases(name: string, work: (engine: Engine) => Promise<void>) {
  withEngines(name, async (engine) => {
    try {
      await assembleBases({ engine });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      console.warn(`skipped, as there is no base: ${messageOf(error)}`);
      return;
    }
    await work(engine);
  });
}

withBases("a service that nothing outside of it reaches", async (engine) => {
  const { line } = await startOf(
    engine,
    `Deno.serve({ port, hostname: "127.0.0.1" }, () => new Response());`,
  );
  assertMatch(line, /it listens on 127\.0\.0\.1:\d+ only.*on 0\.0\.0\.0/i);
});

withBases("a service that listens elsewhere, or nowhere", async (engine) => {
  const own = freePort();
  const other = await startOf(
    engine,
    `Deno.serve({ port: ${own} }, () => new Response());`,
  );
  assertMatch(other.line, /: port \d+ was asked, .*the port from PORT/);
  assertStringIncludes(other.line, `it listens on ${own} whatever PORT says. `);
  assertMatch(other.line, RegExp(`"port": (${own}|8080)`));
  const none = await startOf(engine, `setInterval(() => {}, 1000);`);
  assertMatch(none.line, /: port \d+ was asked, it listens on no port\. /);
});

withBases("a service with a port of its own, by contract", async (engine) => {
  const own = freePort();
  const target = await serviceOf(
    engine,
    `Deno.serve({ port: ${own} }, () => new Response());
    Deno.addSignalListener("SIGTERM", () => Deno.exit(0));`,
    { port: own },
  );
  const { checks } = await checkImage(
    { ...target, port: servicePort(target.contract, []) },
    { healthcheck: [] },
    { quick: true },
  );
  const [{ status, detail }] = checks.contract ?? [];
  if (engine.name === "buildah") {
    assertMatch(
      detail ?? "",
      /whatever PORT says.*buildah cannot check .* where two runs/,
    );
    assertStringIncludes(detail ?? "", ` on ${own} `);
    assertEquals(detail?.includes("within 30000 ms"), false);
  } else assertEquals([status, detail], ["pass", undefined]);
});

withBases("a service that takes long to start", async (engine) => {
  const loads = `setTimeout(() => {
    Deno.serve({ port }, () => new Response());
    Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
  }, 5000);`;
  const { line } = await startOf(engine, loads);
  assertMatch(
    line,
    /within 2500 ms: port \d+ was asked, it listens on no port\. .*states readyTimeoutMs/,
  );
  const warms = `const since = Date.now();
  Deno.serve({ port }, () =>
    new Response(null, { status: Date.now() - since < 5000 ? 503 : 200 }));`;
  const { line: warming } = await startOf(engine, warms);
  assertMatch(warming, /status 503 instead of 200.*states readyTimeoutMs/);
  const target = await serviceOf(engine, loads, { readyTimeoutMs: 30_000 });
  const { checks } = await checkImage(target, { healthcheck: [] });
  const made = Object.values(checks).flat();
  assertEquals(made.filter(({ status }) => status === "fail"), []);
  assert(checks.hardening?.some(({ status }) => status === "pass"));
});

withBases("a service that throws", async (engine) => {
  const atStart = await startOf(
    engine,
    `function open() { throw new TypeError("no database at db:5432"); }\nopen();`,
  );
  assertMatch(
    atStart.line,
    /exit code 1 before it answered: TypeError: no database at db:5432\. /,
  );
  const always = await startOf(
    engine,
    `Deno.serve({ port }, () => { throw new Error("no table"); });`,
  );
  assertMatch(
    always.line,
    /: status 500 instead of 200; its log: no table\. /,
  );
  assert(always.log.length < 45, `${always.log.length} lines of log`);
  assertMatch(always.log.join("\n"), /\(\d+ more lines\)/);
});

withBases("a service that ends at a request", async (engine) => {
  const target = await serviceOf(
    engine,
    `for (let line = 0; line < 20_000; line++) console.log("line", line);
    Deno.serve({ port }, ({ url }) => {
      if (url.endsWith("/bad")) setTimeout(() => { throw new Error("no row 7"); });
      return url.endsWith("/bad") ? new Promise(() => {}) : new Response();
    });`,
    {
      requests: ["/", "/bad", "/after", "/"].map((path) => ({
        path,
        expect: { status: 200 },
      })),
    },
  );
  const { checks } = await checkImage(target, { healthcheck: [] });
  const [first, bad, ...after] = checks.contract ?? [];
  assertEquals(first.status, "pass");
  assertMatch(
    bad.detail ?? "it passed",
    /^The container ended with exit code 1 at this request: Error: no row 7\. /,
  );
  assertEquals(after.map(({ status }) => status), ["skip", "skip"]);
  // What it serves without that request is checked all the same.
  assert(checks.hardening?.some(({ status }) => status === "pass"));
});

withBases("a handler that throws or hangs", async (engine) => {
  const requests = ["/", "/other"].map((path) => ({
    path,
    expect: { status: 200 },
  }));
  const one = await serviceOf(
    engine,
    `Deno.serve({ port }, ({ url }) => {
      if (url.endsWith("/other")) throw new Error("DATABASE_URL is not set");
      return new Response();
    });`,
    { requests },
  );
  const { checks } = await checkImage(one, { healthcheck: [] }, {
    quick: true,
  });
  assertMatch(
    checks.contract?.[1].detail ?? "it passed",
    /got 500; its log: .*DATABASE_URL is not set\. .*"env" of contract\.json/,
  );
  const { line } = await startOf(
    engine,
    `console.log("Listening"); Deno.serve({ port }, () => new Promise(() => {}));`,
  );
  assertMatch(line, /gave no answer\. Let the handler of healthPath answer/);
  const lost = await startOf(
    engine,
    `console.log("Listening"); Deno.serve({ port }, () => new Response(null, { status: 404 }));`,
  );
  assertMatch(lost.line, /: status 404 instead of 200\. Correct healthPath or/);
});

withBases("a service that ignores SIGTERM", async (engine) => {
  const checks = await checkStop(
    await serviceOf(engine, `Deno.serve({ port }, () => new Response());`),
  );
  const [, , idle, kill] = checks;
  assertMatch(
    idle.detail ?? "it passed",
    /deno does not handle SIGTERM.*"Stopping" in docs\/your-service\.md/,
  );
  assertEquals(kill.status, "pass");
});

withBases("a service that handles SIGTERM alone", async (engine) => {
  const [, interrupted] = await checkStop(
    await serviceOf(
      engine,
      `Deno.serve({ port }, () => new Response());
      Deno.addSignalListener("SIGTERM", () => Deno.exit(0));`,
    ),
  );
  assertMatch(
    interrupted.detail ?? "it passed",
    /expected 0, got \d+ \(SIG[A-Z]+\); .*see "Stopping"|does not handle SIGINT/,
  );
});

withBases("a service that drops requests when it stops", async (engine) => {
  const [term] = await checkStop(
    await serviceOf(
      engine,
      `Deno.serve({ port }, async () => {
        await new Promise((done) => setTimeout(done, 50));
        return new Response();
      });
      Deno.addSignalListener("SIGTERM", () => Deno.exit(0));`,
    ),
  );
  assertMatch(
    term.detail ?? "it passed",
    /^\d+ requests on open connections got no answer/,
  );
  assertMatch(
    term.detail ?? "",
    /Connection: close before server\.shutdown\(\)/,
  );
});

withBases("a plain server.shutdown() loses requests", async (engine) => {
  const target = await serviceOf(
    engine,
    `const server = Deno.serve({ port }, () => new Response());
    const stop = async () => { await server.shutdown(); Deno.exit(3); };
    Deno.addSignalListener("SIGTERM", stop);
    Deno.addSignalListener("SIGINT", stop);`,
  );
  // On a busy machine all connections may have a request in flight at the
  // signal, and each of those gets its answer.
  const lost = /requests on open connections got no answer/;
  let [term, interrupted, idle] = await checkStop(target);
  for (let tries = 1; tries < 4 && !lost.test(term.detail ?? ""); tries++) {
    [term, interrupted, idle] = await checkStop(target);
  }
  assertMatch(term.detail ?? "it passed", lost);
  assertEquals([term.status, interrupted.status], ["fail", "fail"]);
  assertMatch(
    idle.detail ?? "it passed",
    /expected 0, got 3; .*"exitCode": 3 .* in contract\.json/,
  );
});

withBases("a service that writes what it is asked to keep", async (engine) => {
  const text = `Deno.serve({ port }, () => {
    Deno.writeTextFileSync("/state/visits", "1");
    return new Response();
  });`;
  const contract = { writable: ["/state"] };
  const checks = await checkHardening(
    await serviceOf(engine, text, contract),
  );
  const failed = checks.filter(({ status }) => status === "fail");
  assertEquals(failed, []);
  const { line } = await startOf(engine, text);
  assertMatch(line, /its log: NotFound: .*\/state\/visits/);
});

withEngines("variants that answer differently", async (engine) => {
  const other = SERVES.replace("USER", "ENV ANSWERS=1\nUSER");
  await using place = await Place.make(engine, {
    Dockerfile: other,
    "Dockerfile.bare": SERVES,
  }, {
    requestTimeoutMs: 500,
    requests: [{ path: "/", expect: { status: 200 } }, {
      path: "/late",
      expect: {},
    }],
  });
  const { code } = await place.run(["--quick"]);
  assertEquals(code, 1);
  const { variants } = await place.reports();
  const found = variants.map(({ contract = [] }) =>
    contract.find(({ kind }) => kind === "consistency")
  );
  assertEquals(found[0], undefined);
  assertEquals(found[1], {
    name: "answers as single-stage does",
    kind: "consistency",
    status: "fail",
    detail: "GET /late: 200 in single-stage, No end within 500 ms here",
  });
});

withEngines("a variant that lacks a static file", async (engine) => {
  await using place = await Place.make(engine, {
    Dockerfile: SERVES.replace("USER", "ENV ANSWERS=1\nUSER"),
    "Dockerfile.bare": SERVES,
  });
  await Deno.mkdir(`${place.context}/public`);
  await Deno.writeTextFile(`${place.context}/public/late`, "x");
  await Deno.remove(`${place.context}/contract.json`);
  const { code, stdout } = await place.run(["--quick"]);
  assertEquals(code, 1);
  assertMatch(stdout, /GET \/late: 200 in single-stage/);
  assertMatch(stdout, /no contract\.json: GET \/ was asked/);
});

withEngines("a secret that a later layer replaces", async (engine) => {
  await using place = await Place.make(engine, {
    Dockerfile: SERVES.replace(
      "COPY main.ts /\n",
      "COPY secret /app/.env\nCOPY main.ts /app/.env\n",
    ),
    secret: "API_TOKEN=7f3a9c\n",
    "budget.json": JSON.stringify({ all: { noSecrets: true } }),
  });
  const { code, stdout } = await place.run(["--quick"]);
  assertEquals(code, 1);
  assertMatch(stdout, /FAILED: 1 of 1 limit.*noSecrets.*\/app\/\.env/);
  const [{ rule, status, detail }] = (await place.reports()).budgets;
  assertEquals([rule, status], ["noSecrets", "fail"]);
  assertMatch(
    detail ?? "",
    /^\/app\/\.env \(environment file, layer 2, replaced by layer 3/,
  );
});
