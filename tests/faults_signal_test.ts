/**
 * The tool is ended while it works: by Ctrl-C, by an orchestrator, by a terminal
 * that closes, and at once. It takes with it what it has started; what a killed
 * one cannot take, the next run does.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { longSleep, SERVES, slowBuild } from "./fault_context.ts";
import { withEngines } from "./fault_engines.ts";
import { Place } from "./fault_place.ts";

/** A registry that takes connections and never answers. */
function silentRegistry() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const connection of listener) connections.push(connection);
  })();
  return {
    image: `127.0.0.1:${listener.addr.port}/silent:1`,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      for (const connection of connections) connection.close();
    },
  };
}

const ON_A_BASE = "ARG BUILDER_IMAGE=none\nFROM ${BUILDER_IMAGE}\n";

/** What is going on, and how it is ended then. */
interface Phase {
  /** What stderr shows once it has begun. */
  begun: RegExp;
  signal: Deno.Signal;
  dockerfile?: string;
  args?: string[];
}

const PHASES: Phase[] = [
  { begun: /^ {2}pulling /m, signal: "SIGINT", dockerfile: ON_A_BASE },
  {
    begun: /RUN sleep/,
    signal: "SIGTERM",
    dockerfile: slowBuild(longSleep()),
  },
  { begun: /^Read .* \.\.\.$/m, signal: "SIGINT" },
  { begun: /^ {2}contract: /m, signal: "SIGINT" },
  {
    begun: /run 1: /,
    signal: "SIGHUP",
    args: ["--runs", "1000"],
  },
  { begun: /^Next deploy of .* \.\.\.$/m, signal: "SIGINT" },
];

withEngines("ended at any time, it leaves nothing", async (engine) => {
  await using registry = silentRegistry();
  const end = async ({ begun, signal, dockerfile, args = [] }: Phase) => {
    await using place = await Place.make(engine, {
      Dockerfile: dockerfile ?? SERVES,
    });
    await place.writeOldReports();
    const base = dockerfile === ON_A_BASE
      ? ["--build-arg", `BUILDER_IMAGE=${registry.image}`]
      : [];
    const running = place.start(["--runs", "1", ...base, ...args]);
    await running.until(begun);
    running.kill(signal);
    const { code, stdout, stderr } = await running.ended;
    assertEquals([code, stdout], [130, ""], `${begun}: ${stderr}`);
    assertStringIncludes(stderr, "Stopping and cleaning up");
    assert(!stderr.includes("This is a bug"), stderr);
    await place.assertOldReports();
    await place.assertNothingLeft();
  };
  const todo = [...PHASES];
  const work = async () => {
    for (let phase = todo.pop(); phase; phase = todo.pop()) await end(phase);
  };
  await Promise.all([work(), work()]);
}, { only: "docker" });

withEngines("Ctrl-C typed in a terminal leaves nothing", async (engine) => {
  const phases = [
    { dockerfile: slowBuild(longSleep()), begun: /Build single-stage/ },
    { dockerfile: SERVES, begun: /Start|Measure the start/i },
  ];
  for (const { dockerfile, begun } of phases) {
    await using place = await Place.make(engine, { Dockerfile: dockerfile });
    await place.writeOldReports();
    const running = place.start(["--runs", "1000"], {
      terminal: { columns: 100 },
    });
    await running.until(begun);
    place.follow();
    await running.type("\x03");
    const { code, stderr } = await running.ended;
    assertEquals(code, 130, stderr);
    assertStringIncludes(stderr, "Stopping and cleaning up");
    await place.assertOldReports();
    await place.assertNothingLeft();
  }
});

withEngines("a terminal without a size shows a line a step", async (engine) => {
  await using place = await Place.make(engine, { Dockerfile: SERVES });
  const running = place.start(["--quick"], { terminal: {} });
  const { code, stderr } = await running.ended;
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /^Build single-stage: \d/m);
  assertEquals(stderr.includes("\x1b[J"), false);
}, { only: "docker" });

withEngines("the next run takes what a killed one has left", async (engine) => {
  const dockerfiles = { Dockerfile: slowBuild(longSleep()) };
  await using place = await Place.make(engine, dockerfiles);
  await place.writeOldReports();
  for (
    const [args, begun] of [
      [["--file", "Dockerfile"], /RUN sleep/],
      [["--file", "Dockerfile.two"], /^ {2}contract: /m],
      [["--file", "Dockerfile.two", "--quick"], /^Check .*: \d/m],
    ] as const
  ) {
    if (args[1] !== "Dockerfile") {
      await Deno.writeTextFile(`${place.context}/Dockerfile.two`, SERVES);
    }
    const running = place.start([...args]);
    await running.until(begun);
    running.kill("SIGKILL");
    assertEquals((await running.ended).code, 137);
  }
  const { code, stderr } = await place.run([
    ...["--file", "Dockerfile.two", "--quick"],
  ]);
  assertEquals(code, 0, stderr);
  await place.reports();
  await place.assertNothingLeft();
});
