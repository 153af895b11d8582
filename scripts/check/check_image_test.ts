import { assertEquals, assertMatch } from "@std/assert";
import {
  fakeEngine,
  type FakeProgram,
  serving,
} from "../../testing/fake_engine.ts";
import { CHECK_KINDS } from "../report/check_kinds.ts";
import type { Check } from "../report/report_schema.ts";
import { checkImage, checkTimed, checkUnrun } from "./check_image.ts";
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
