/**
 * The engine fails while it is needed: its daemon is killed, its command is
 * killed, a container is killed, a port is taken, a registry hangs up.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { basename, join } from "node:path";
import { attempt, run } from "../scripts/lib/command.ts";
import type { Engine } from "../scripts/engine/engine.ts";
import { descendants, processes } from "../scripts/engine/processes.ts";
import { longSleep, SERVES, slowBuild } from "./fault_context.ts";
import { type Daemon, noDaemon, startDaemon } from "./fault_daemon.ts";
import { withEngines } from "./fault_engines.ts";
import { Place } from "./fault_place.ts";
import { hangUpRegistry } from "./fault_registry.ts";

const withoutDaemon = await noDaemon();

/** Kills what a daemon that was killed has left at work. */
async function killSleep(sleep: string): Promise<void> {
  await attempt("pkill", ["-KILL", "-x", "-f", sleep]);
}

withEngines(
  "a daemon that is killed is told from a bad image",
  async (engine) => {
    const sleep = longSleep();
    const cases = [
      { dockerfile: slowBuild(sleep), begun: /RUN sleep/ },
      { dockerfile: SERVES, begun: /^ {2}contract: /m },
    ];
    for (const { dockerfile, begun } of cases) {
      await using daemon = await startDaemon();
      await using place = await Place.make(engine, { Dockerfile: dockerfile });
      await place.writeOldReports();
      const running = place.start([], { env: daemon.env });
      await running.until(begun);
      await daemon.kill();
      const { code, stdout, stderr } = await running.ended;
      assertEquals([code, stdout], [3, ""], stderr);
      assertStringIncludes(stderr, "error: The docker daemon is gone");
      assertStringIncludes(stderr, "next:  Start it again");
      await place.assertOldReports();
      await place.assertNothingLeft();
      await killSleep(sleep);
    }
  },
  { only: "docker", without: withoutDaemon },
);

/** Id of the process of the service that does not answer all, once it runs. */
async function serviceOf(place: Place): Promise<number> {
  for (;;) {
    for (const { pid, args } of place.processes()) {
      if (args[0] !== "/bin/perl" || args[1] !== "/serve.pl") continue;
      const environ = await Deno.readTextFile(`/proc/${pid}/environ`)
        .catch(() => "ANSWERS=");
      if (!environ.includes("ANSWERS=")) return pid;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Id of the engine's command that does something. */
function commandOf(place: Place, word: string): number {
  const found = place.processes().find(({ args }) =>
    basename(args[0] ?? "") === "buildah" && args[1] === word
  );
  assert(found, `buildah ${word} does not run`);
  return found.pid;
}

/** A contract whose second request is never answered by all. */
const LATE = {
  requestTimeoutMs: 20_000,
  requests: [
    { path: "/", expect: { status: 200 } },
    { path: "/late", expect: { status: 200 } },
  ],
};
const ANSWERS = SERVES.replace("USER", "ENV ANSWERS=1\nUSER");

withEngines(
  "a build command that is killed keeps the others' results",
  async (engine) => {
    await using place = await Place.make(engine, {
      Dockerfile: slowBuild(longSleep()),
      "Dockerfile.two": SERVES,
    });
    const running = place.start(["--quick"]);
    await running.until(/RUN sleep/);
    Deno.kill(commandOf(place, "bud"), "SIGKILL");
    const { code, stderr } = await running.ended;
    assertEquals(code, 1, stderr);
    const { failures, variants } = await place.reports();
    assertStringIncludes(failures[0].message, "was ended by SIGKILL");
    assertEquals(variants.map(({ name }) => name), ["two"]);
    await place.assertNothingLeft();
  },
  { only: "buildah" },
);

withEngines(
  "a container that is killed fails its own variant",
  async (engine) => {
    await using place = await Place.make(engine, {
      Dockerfile: SERVES,
      "Dockerfile.two": ANSWERS,
    }, LATE);
    const running = place.start(["--quick"]);
    await running.until(/^Check single-stage \.\.\.$/m);
    await killWhenAsked(engine, place);
    const { code, stderr } = await running.ended;
    assertEquals(code, 1, stderr);
    const { variants: [killed, other] } = await place.reports();
    assertEquals(killed.contract?.map(({ status }) => status), [
      "pass",
      "fail",
    ]);
    assertEquals(
      other?.contract?.map(({ status }) => status),
      ["pass", "pass"],
      stderr,
    );
    await place.assertNothingLeft();
  },
);

/** Waits until the service has answered once, then kills its container. */
async function killWhenAsked(engine: Engine, place: Place) {
  const service = await serviceOf(place);
  // The late request follows the first within milliseconds of readiness.
  await new Promise((resolve) => setTimeout(resolve, 3000));
  if (engine.name === "buildah") return Deno.kill(service, "SIGKILL");
  const groups = await Deno.readTextFile(`/proc/${service}/cgroup`);
  const [id = ""] = /[0-9a-f]{64}/.exec(groups) ?? [];
  await run("docker", ["rm", "--force", id]);
}

withEngines(
  "a run command that is killed fails its own variant",
  async (engine) => {
    await using place = await Place.make(engine, {
      Dockerfile: SERVES,
      "Dockerfile.two": ANSWERS,
    }, LATE);
    const running = place.start(["--quick"]);
    await running.until(/^Check single-stage \.\.\.$/m);
    const service = await serviceOf(place);
    const all = processes();
    const command = place.processes().find(({ pid, args }) =>
      basename(args[0] ?? "") === "buildah" && args[1] === "run" &&
      descendants(all, pid).some((p) => p.pid === service)
    );
    assert(command, "buildah run does not run");
    Deno.kill(command.pid, "SIGKILL");
    const { code, stderr } = await running.ended;
    assertEquals(code, 1, stderr);
    const { variants: [killed, other] } = await place.reports();
    assertEquals(killed.contract?.at(-1)?.status, "fail");
    assertEquals(
      other?.contract?.map(({ status }) => status),
      ["pass", "pass"],
      stderr,
    );
    await place.assertNothingLeft();
  },
  { only: "buildah" },
);

/**
 * Stands before the engine's command: takes the first port that it is to use,
 * and holds it for a while.
 */
const THIEF = String.raw`#!/usr/bin/perl
my ($real, $taken) = ("REAL", "TAKEN");
my ($port) = "@ARGV" =~ /^(?:create|run) .*?(?:127\.0\.0\.1:|PORT=)(\d+)/;
if ($port && !-e $taken) {
  open(my $file, ">", $taken);
  print $file $port;
  close($file);
  $^F = 255;
  socket(my $socket, 2, 1, 6);
  bind($socket, pack("S n a4 x8", 2, $port, "\0\0\0\0")) or die "bind: $!";
  listen($socket, 1);
  if (!fork()) {
    open(STDOUT, ">", "/dev/null");
    open(STDERR, ">", "/dev/null");
    %ENV = ();
    exec("/bin/sleep", "20");
  }
}
exec($real, @ARGV);
`;

withEngines(
  "a port that somebody takes first is no failure",
  async (engine) => {
    await using place = await Place.make(engine, { Dockerfile: SERVES });
    const bin = join(place.context, "../bin");
    const taken = join(place.context, "../taken");
    await Deno.mkdir(bin);
    const real = (await run("sh", ["-c", `command -v ${engine.name}`])).trim();
    await Deno.writeTextFile(
      join(bin, engine.name),
      THIEF.replace("REAL", real).replace("TAKEN", taken),
      { mode: 0o755 },
    );
    const { code, stdout, stderr } = await place.run(["--quick"], {
      env: { PATH: `${bin}:${Deno.env.get("PATH")}` },
    });
    assertEquals(code, 0, `${stdout}${stderr}`);
    assert(Number(await Deno.readTextFile(taken)) > 0, "no port was taken");
    await place.assertNothingLeft();
  },
);

const ON_A_BASE = "ARG BUILDER_IMAGE=none\nFROM ${BUILDER_IMAGE}\n";

withEngines("a registry that hangs up half-way is named", async (engine) => {
  await using registry = hangUpRegistry();
  await using place = await Place.make(engine, { Dockerfile: ON_A_BASE });
  // Plain HTTP is a matter of course for docker only.
  const conf = join(place.context, "../registries.conf");
  await Deno.writeTextFile(
    conf,
    `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`,
  );
  await using daemon: Daemon | undefined = engine.name === "docker"
    ? await startDaemon()
    : undefined;
  const env = { CONTAINERS_REGISTRIES_CONF: conf, ...daemon?.env };
  for (const bases of ["auto", "registry"]) {
    const { code, stderr } = await place.run([
      ...["--bases", bases],
      ...["--build-arg", `BUILDER_IMAGE=${registry.image}`],
    ], { env });
    assertEquals(code, 3, stderr);
    assertStringIncludes(stderr, registry.image);
    assert(/next: .*mirror/.test(stderr), stderr);
    assert(registry.cutOff() > 0, "no blob was asked for");
    await place.assertNothingLeft();
  }
}, { without: withoutDaemon });
