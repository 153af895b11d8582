import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  fakeEngine,
  type FakeProgram,
  serving,
} from "../../testing/fake_engine.ts";
import type { Engine, RunOptions } from "../engine/engine.ts";
import { CHECK_KINDS } from "../report/check_kinds.ts";
import type { Check } from "../report/report_schema.ts";
import {
  checkHardening,
  checkHealth,
  checkImage,
  checkTimed,
  checkUnrun,
} from "./check_image.ts";
import { contractSchema } from "./contract_schema.ts";

const contract = contractSchema.parse({
  requests: [
    { path: "/", expect: { status: 200 } },
    { path: "/broken", expect: { status: 200 } },
  ],
  burst: { requests: 20, connections: 2 },
  egress: [],
});

const facts = { healthcheck: [] };

/** Checks a fake image; `/broken` answers 500 in any case. */
async function check(
  start: () => FakeProgram,
  options: Parameters<typeof checkImage>[2] = {},
) {
  const engine = fakeEngine(start);
  const target = { engine, image: "x", port: 8080, contract };
  const { answers, checks } = await checkImage(target, facts, options);
  if (checks.hardening) await checkTimed(target, checks, options?.say);
  assertEquals(engine.running(), 0);
  return { checks, answers, starts: engine.runs.length };
}

const good = () =>
  serving((request) => {
    const broken = new URL(request.url).pathname === "/broken";
    return new Response("ok", { status: broken ? 500 : 200 });
  });

Deno.test("checkImage() makes the checks of every kind that runs an image", async () => {
  const said: string[] = [];
  const { checks } = await check(good, { say: (line) => said.push(line) });
  const made = [...checks.contract ?? [], ...checks.hardening ?? []];
  const kinds = [...new Set(made.map(({ kind }) => kind))];
  const others = ["consistency", "measured", "reproducible"];
  assertEquals(
    kinds,
    CHECK_KINDS.map(({ id }) => id).filter((id) => !others.includes(id)),
  );
  assertEquals(said.length, kinds.length);
  assertMatch(said[0], /^contract: 1 of 2 hold$/);
});

Deno.test("checkImage() tells the error behind an answer of 500", async () => {
  const log = "error: Uncaught TypeError: no\n    at x (y:1:1)\n";
  const { checks } = await check(() => ({ ...good(), log }));
  assertEquals(
    checks.contract?.[1].detail,
    "status: expected 200, got 500; its log: TypeError: no",
  );
});

Deno.test("checkImage() does not repeat under restrictions what fails anyway", async () => {
  const { checks } = await check(good);
  assertEquals(checks.contract?.map(({ status }) => status), ["pass", "fail"]);
  const restricted = checks.hardening?.filter(({ kind }) =>
    kind === "hardening"
  );
  assertEquals(restricted?.filter(({ status }) => status === "fail"), []);
});

Deno.test("checkImage() leaves it at the contract when told to", async () => {
  const { checks, answers, starts } = await check(good, { quick: true });
  assertEquals(Object.keys(checks), ["contract"]);
  assertEquals(answers?.map(({ request, status }) => [request, status]), [
    ["GET /", 200],
    ["GET /health", 200],
    ["GET /broken", 500],
  ]);
  assertEquals(starts, 1);
});

Deno.test("checkImage() asks no more of what does not start", async () => {
  const { checks, starts } = await check(() => ({
    ...good(),
    port: 1,
    died: Promise.resolve(1),
    log: "no module",
  }));
  const [only, ...rest] = checks.contract ?? [];
  assertEquals(
    [only.name, only.kind, only.status],
    ["starts and answers", "contract", "fail"],
  );
  assertMatch(only.detail ?? "", /exit code 1[^]*no module/);
  assertEquals([rest.length, checks.hardening, starts], [0, undefined, 1]);
});

const no = () => "no emulator";
const yes = () => undefined;
const image = { architecture: "arm64", surface: { foreign: [], missing: [] } };

Deno.test("checkUnrun() leaves what can run to be run", () => {
  assertEquals(checkUnrun(image, yes), undefined);
  // What is missing shows when it is started.
  const surface = { missing: ["libm.so.6"] };
  assertEquals(checkUnrun({ ...image, surface }, yes), undefined);
});

Deno.test("checkUnrun() skips, with the reason, what cannot run here", () => {
  assertEquals(checkUnrun(image, no), {
    name: "starts and answers",
    status: "skip",
    detail: "no emulator",
  });
});

Deno.test("checkUnrun() fails what starts nowhere", () => {
  const failed = (detail: string): Check => ({
    name: "starts and answers",
    status: "fail",
    detail,
  });
  assertEquals(
    checkUnrun({ ...image, surface: { missing: ["libm.so.6"] } }, no),
    failed("needed and not there: libm.so.6"),
  );
  assertEquals(
    checkUnrun({ ...image, surface: { foreign: ["/hello"] } }, yes),
    failed("not for arm64, as the image says: /hello"),
  );
});

/** Checks a health check with these exit codes. */
async function health(test: string[], beside: number, alone: number) {
  const commands: (string[] | undefined)[] = [];
  const engine = fakeEngine(({ entrypoint }) => {
    if (entrypoint) {
      commands.push(entrypoint);
      const died = Promise.resolve(alone);
      return { died, stop: () => died, destroy: () => {} };
    }
    const exec = (command: string[]) => (commands.push(command), beside);
    return { ...serving(() => new Response()), exec };
  });
  const contract = contractSchema.parse({
    requests: [{ path: "/", expect: {} }],
  });
  const target = { engine, image: "x", port: 8080, contract };
  await using container = await engine.run(target);
  const checks = await checkHealth(container, target, test);
  return { statuses: checks.map(({ status }) => status), checks, commands };
}

Deno.test("checkHealth() wants 0 beside the service and not 0 without it", async () => {
  const test = ["CMD", "/hello", "healthcheck"];
  const { statuses, commands } = await health(test, 0, 1);
  assertEquals(statuses, ["pass", "pass"]);
  assertEquals(commands, [test.slice(1), test.slice(1)]);
  assertEquals((await health(test, 1, 1)).statuses, ["fail", "pass"]);
  assertEquals((await health(test, 0, 0)).statuses, ["pass", "fail"]);
  assertEquals((await health(test, 1, 0)).checks.map(({ detail }) => detail), [
    "exit code 1: no",
    "exit code 0, though nothing serves",
  ]);
});

Deno.test("checkHealth() names a program that is not there, and a path that is another", async () => {
  const of = async (output: string, command: string) => {
    const engine = fakeEngine(({ entrypoint }) => ({
      ...serving(() => new Response()),
      ...entrypoint && { died: Promise.resolve(1) },
    }));
    const contract = contractSchema.parse({
      healthPath: "/livez",
      requests: [{ path: "/", expect: {} }],
    });
    const target = { engine, image: "x", port: 8080, contract };
    await using container = await engine.run(target);
    container.exec = () => Promise.resolve({ code: 1, output });
    const [well, ill] = await checkHealth(container, target, [
      "CMD-SHELL",
      command,
    ]);
    return [well.detail, ill.detail];
  };
  const said =
    'OCI runtime exec failed: exec: "/shopp": stat /shopp: no such file or directory';
  assertEquals(await of(said, "/shopp"), [
    "/shopp is not in the image: correct HEALTHCHECK in the Dockerfile",
    "its program is not in the image",
  ]);
  const other =
    "it asks /healthz, healthPath in contract.json is /livez: correct the one that is wrong";
  for (
    const [output, command] of [
      ["Unhealthy: GET /healthz on port 1: 404", "/shop healthcheck"],
      ["404", "curl -f http://localhost:3000/healthz || exit 1"],
    ]
  ) {
    assertEquals(
      (await of(output, command))[0],
      `exit code 1: ${output}; ${other}`,
    );
  }
  assertEquals(
    (await of("no", "wget http://localhost:3000/livez"))[0],
    "exit code 1: no",
  );
});

Deno.test("checkHealth() gives a line to the shell, and skips what is not there", async () => {
  const { commands } = await health(["CMD-SHELL", "curl -f x || exit 1"], 0, 1);
  assertEquals(commands[0], ["/bin/sh", "-c", "curl -f x || exit 1"]);
  for (const none of [[], ["NONE"]]) {
    const { statuses, checks } = await health(none, 0, 0);
    assertEquals(statuses, ["skip", "skip"]);
    assertEquals(checks[0].detail, "the image has no HEALTHCHECK");
  }
});

const plain = contractSchema.parse({
  requests: [{ path: "/", expect: { status: 200 } }],
  burst: { requests: 50, connections: 4 },
});

async function harden(
  start: Parameters<typeof fakeEngine>[0],
  cannot: Engine["cannot"] = {},
) {
  const engine = fakeEngine(start, cannot);
  const target = { engine, image: "x", port: 8080, contract: plain };
  const checks = await checkHardening(target);
  assertEquals(engine.running(), 0);
  return { checks, runs: engine.runs };
}

const serves = () => serving(() => new Response("ok"));

/** The restrictions of each run. */
const restrictionsOf = (runs: RunOptions[]) =>
  runs.map(({ image: _i, port: _p, signal: _s, ...restrictions }) =>
    restrictions
  );

const COMBINED = {
  readOnly: true,
  dropCapabilities: true,
  noNewPrivileges: true,
  user: "12345:12345",
  memoryBytes: 134_217_728,
  pids: 64,
};

Deno.test("checkHardening() runs under all restrictions, then under what that does not show", async () => {
  const { checks, runs } = await harden(serves);
  assertEquals(checks.map(({ status }) => status), Array(8).fill("pass"));
  assertEquals(restrictionsOf(runs), [COMBINED, { memoryBytes: 67_108_864 }]);
  const alone = checks.filter(({ detail }) => detail === undefined);
  assertEquals(alone.map(({ name }) => name), [
    "64 MiB of memory",
    "all restrictions combined",
  ]);
});

Deno.test("checkHardening() tries each alone when all combined break it", async () => {
  const { checks, runs } = await harden(({ pids, readOnly }) =>
    pids && readOnly
      ? { ...serves(), died: Promise.resolve(1), port: 1 }
      : serves()
  );
  assertEquals(checks.map(({ status }) => status), [
    ...Array(7).fill("pass"),
    "fail",
  ]);
  assertEquals(restrictionsOf(runs), [
    COMBINED,
    { readOnly: true },
    { dropCapabilities: true },
    { noNewPrivileges: true },
    { user: "12345:12345" },
    { memoryBytes: 134_217_728 },
    { memoryBytes: 67_108_864 },
    { pids: 64 },
  ]);
});

Deno.test("checkHardening() skips what the engine cannot do, with its reason", async () => {
  const { checks, runs } = await harden(serves, {
    memoryBytes: "no control group",
    readOnly: "a chroot",
    pids: "no control group",
  });
  assertEquals(
    checks.filter(({ status }) => status === "skip").map((check) =>
      check.detail
    ),
    ["a chroot", "no control group", "no control group", "no control group"],
  );
  assertEquals(restrictionsOf(runs), [
    { dropCapabilities: true, noNewPrivileges: true, user: "12345:12345" },
  ]);
  assertEquals(
    checks.at(-1)?.name,
    "combined: dropCapabilities, noNewPrivileges, user",
  );
});

Deno.test("checkHardening() tells which restriction breaks the service", async () => {
  const { checks } = await harden(({ readOnly, user }): FakeProgram => {
    if (readOnly) {
      return { ...serves(), died: Promise.resolve(1), port: 1, log: "EROFS" };
    }
    return serving((request) =>
      new Response("ok", {
        status: user && new URL(request.url).pathname === "/" ? 500 : 200,
      })
    );
  });
  const failed = checks.filter(({ status }) => status === "fail");
  assertEquals(failed.map(({ name }) => name), [
    "read-only root",
    "arbitrary user 12345:12345",
    "all restrictions combined",
  ]);
  assertStringIncludes(failed[0].detail ?? "", "exit code 1");
  assertStringIncludes(failed[0].detail ?? "", "EROFS");
  assertStringIncludes(
    failed[1].detail ?? "",
    "GET /: status: expected 200, got 500",
  );
});
