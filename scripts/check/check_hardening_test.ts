import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  fakeEngine,
  type FakeProgram,
  serving,
} from "../../testing/fake_engine.ts";
import type { Engine, RunOptions } from "../engine/engine.ts";
import { checkHardening } from "./check_hardening.ts";
import { contractSchema } from "./contract_schema.ts";

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
