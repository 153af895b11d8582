import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { EXIT, UserError } from "../lib/errors.ts";
import {
  addChecks,
  CannotCheck,
  type Checks,
  failureOf,
  runCheck,
} from "./run_check.ts";
import { sleep } from "./time_limit.ts";

const run = (work: (signal: AbortSignal) => Promise<string[]>) =>
  runCheck("x", 50, undefined, work);
const throwing = (error: unknown) => run(() => Promise.reject(error));
const ofImage = (options: { output?: string } = {}) =>
  new UserError("It ended", {
    next: "Run it",
    exitCode: EXIT.checkFailed,
    ...options,
  });
const ofEnvironment = new UserError("The daemon is gone", {
  next: "",
  exitCode: EXIT.environment,
});

Deno.test("runCheck() passes, fails with what is wrong, or skips with the reason", async () => {
  assertEquals(await run(() => Promise.resolve([])), {
    name: "x",
    status: "pass",
  });
  assertEquals(await run(() => Promise.resolve(["a", "b"])), {
    name: "x",
    status: "fail",
    detail: "a; b",
  });
  assertEquals(await throwing(new CannotCheck("no IPv6 here")), {
    name: "x",
    status: "skip",
    detail: "no IPv6 here",
  });
});

Deno.test("runCheck() fails for what was thrown, with the error in the log", async () => {
  const detail = async (error: unknown) => (await throwing(error)).detail;
  assertEquals(await detail(new Error("refused")), "refused");
  assertEquals(
    await detail(ofImage({ output: "error: no table\n" })),
    "It ended; its log: no table. Run it",
  );
  assertEquals(await detail(ofImage()), "It ended. Run it");
  // Cleaning up failed as well; the first is why.
  const both = new SuppressedError(new Error("busy"), new Error("refused"));
  assertEquals(await detail(both), "refused");
});

Deno.test("runCheck() fails at its time limit", async () => {
  const { status, detail } = await run(async (signal) => {
    await sleep(60_000, signal);
    return [];
  });
  assertEquals(status, "fail");
  assertMatch(detail ?? "", /^no end within 50 ms; it answers slowly or not/);
});

Deno.test("runCheck() throws what says nothing of the image", async () => {
  await assertRejects(() => throwing(ofEnvironment), UserError, "daemon");
  const reason = new Error("interrupted");
  await assertRejects(
    () => runCheck("x", 50, AbortSignal.abort(reason), () => sleep(1) as never),
    Error,
    "interrupted",
  );
});

Deno.test("failureOf() gives the image's failures and throws the others", () => {
  const failure = ofImage();
  assertEquals(failureOf(failure, undefined), failure);
  assertThrows(() => failureOf(ofEnvironment, undefined), UserError, "daemon");
  assertThrows(() => failureOf(new TypeError("bug"), undefined), TypeError);
  const stopped = AbortSignal.abort(new Error("interrupted"));
  assertThrows(() => failureOf(failure, stopped), Error, "interrupted");
});

Deno.test("addChecks() adds to the list of the kind, and names the kind", () => {
  const checks: Checks = {};
  const check = (name: string, status: "pass" | "skip" = "pass") => ({
    name,
    status,
  });
  const said: string[] = [];
  addChecks(checks, "contract", [check("a")]);
  addChecks(checks, "protocol", [check("b")]);
  addChecks(
    checks,
    "stop",
    [check("c"), check("d", "skip")],
    (line) => said.push(line),
  );
  assertEquals(checks.contract, [{ ...check("a"), kind: "contract" }]);
  assertEquals(
    checks.hardening?.map(({ name, kind }) => [name, kind]),
    [["b", "protocol"], ["c", "stop"], ["d", "stop"]],
  );
  assertEquals(said, ["stop: 1 of 1 hold, 1 skipped"]);
});
