import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { descendants, processes } from "../engine/processes.ts";
import {
  dispositionOf,
  doesNothing,
  exitText,
  explainEnd,
  explainError,
  explainExit,
  explainSilence,
  isElsewhere,
  type Listener,
  listeningOf,
  parseDisposition,
  parseListeners,
} from "./diagnose.ts";

const TCP =
  `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 65532        0 4711 1 0 100 0 0 10 0
   1: 00000000:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0
   2: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0
`;
const TCP6 = `  sl  local_address
   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 5 1
   1: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 6 1
   2: 0000000000000000FFFF00000100007F:0051 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 7 1
`;

Deno.test("parseListeners() finds what listens, and where", () => {
  assertEquals(parseListeners(TCP), [
    { port: 8080, loopback: true, inode: "4711" },
    { port: 3000, loopback: false, inode: "4712" },
  ]);
  assertEquals(
    parseListeners(TCP6).map(({ port, loopback }) => [port, loopback]),
    [[8080, true], [80, false], [81, true]],
  );
  assertEquals(parseListeners(""), []);
});

Deno.test({
  name: "listeningOf() sees a socket of this very process, and nobody else's",
  ignore: Deno.build.os !== "linux",
  async fn() {
    using local = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    using open = Deno.listen({ hostname: "0.0.0.0", port: 0 });
    const found = await listeningOf(Deno.pid);
    assert(found?.shared);
    const loopback = (port: number) =>
      found.listeners.filter((each) => each.port === port)
        .map((each) => each.loopback);
    assertEquals(loopback(local.addr.port), [true]);
    assertEquals(loopback(open.addr.port), [false]);
    assertEquals(await listeningOf(undefined), undefined);
  },
});

const listener = (port: number, loopback = false): Listener => ({
  port,
  loopback,
  inode: "1",
});

function explained(
  listeners: Listener[] | undefined,
  { stated = false, shared = false, log = "" } = {},
) {
  const listening = listeners && { listeners, shared };
  return explainSilence({ port: 8080, stated, listening, log });
}

Deno.test("explainSilence() tells loopback, another port and none apart", () => {
  assertStringIncludes(
    explained([listener(8080, true)])?.reason ?? "",
    "listens on 127.0.0.1:8080 only",
  );
  assertEquals(explained([listener(3000)]), {
    reason: "port 8080 was asked, it listens on 3000 whatever PORT says",
    next: 'Add "port": 3000 to contract.json, or take the port from PORT',
  });
  assertEquals(
    explained([listener(3000)], { stated: true })?.next,
    'Correct "port" in contract.json, or take the port from PORT',
  );
  assertStringIncludes(
    explained([listener(3000)], { shared: true })?.next ?? "",
    "where two runs cannot both have 3000",
  );
  assertEquals(
    explained([])?.reason,
    "port 8080 was asked, it listens on no port",
  );
  // It is reached, so something else is wrong.
  assertEquals(explained([listener(8080), listener(8080, true)]), undefined);
});

Deno.test("isElsewhere() wants a port that others reach, and not the asked one", () => {
  const isAt = (...listeners: Listener[]) =>
    isElsewhere({ listeners, shared: true }, 8080);
  assertEquals(isAt(listener(3000)), true);
  assertEquals(isAt(listener(3000), listener(8080)), false);
  assertEquals(isAt(listener(9229, true)), false);
  assertEquals(isAt(), false);
});

Deno.test("explainSilence() goes by the log where the process cannot be seen", () => {
  assertEquals(
    explained(undefined, { log: "Listening on http://0.0.0.0:3000/ (…)" })
      ?.reason,
    "port 8080 was asked, its log names port 3000",
  );
  assertEquals(
    explained(undefined, { log: "server started on port 4000\n" })?.reason,
    "port 8080 was asked, its log names port 4000",
  );
  assertEquals(explained(undefined, { log: "on port 8080" }), undefined);
  assertEquals(explained(undefined, { log: "v1.2.3 at 10:22" }), undefined);
});

const STATUS = (caught: string, nspid: string) =>
  `Name:\tdeno\nNSpid:\t${nspid}\nSigBlk:\t0000000000000000\nSigCgt:\t${caught}\n`;

Deno.test("parseDisposition() reads the mask of signals", () => {
  assertEquals(
    parseDisposition(STATUS("0000000000004000", "812\t1"), "SIGTERM"),
    { program: "deno", handled: true, first: true },
  );
  assertEquals(
    parseDisposition(STATUS("0000000000000002", "812"), "SIGTERM"),
    { program: "deno", handled: false, first: false },
  );
  assertEquals(
    parseDisposition(STATUS("0000000000000002", "1"), "SIGINT")?.handled,
    true,
  );
  assertEquals(parseDisposition("Name:\tx\n", "SIGINT"), undefined);
});

Deno.test({
  name: "dispositionOf() sees a handler, and the program behind a wrapper",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const listen = () => {};
    Deno.addSignalListener("SIGTERM", listen);
    // Other tests start children of this process, which may end first.
    const status = await Deno.readTextFile("/proc/self/status");
    const own = parseDisposition(status, "SIGTERM");
    Deno.removeSignalListener("SIGTERM", listen);
    assertEquals([own?.handled, own?.first], [true, false]);
    const child = new Deno.Command("sh", {
      args: ["-c", "echo; sleep 60; true"],
      stdout: "piped",
      stderr: "null",
    }).spawn();
    await child.stdout.getReader().read();
    let wrapped = await dispositionOf(child.pid, "SIGTERM");
    // The shell has written before it starts the other.
    while (wrapped?.program !== "sleep") {
      wrapped = await dispositionOf(child.pid, "SIGTERM");
    }
    assertEquals([wrapped.wrapper, wrapped.handled], ["sh", false]);
    const [sleeping] = descendants(processes(), child.pid);
    Deno.kill(sleeping.pid, "SIGKILL");
    await child.status;
    assertEquals(await dispositionOf(child.pid, "SIGTERM"), undefined);
    assertEquals(await dispositionOf(undefined, "SIGTERM"), undefined);
  },
});

Deno.test("exitText() names the signal that ended a program", () => {
  assertEquals(exitText(0), "0");
  assertEquals(exitText(3), "3");
  assertEquals(exitText(139), "139 (SIGSEGV)");
  assertEquals(exitText(255), "255");
});

Deno.test("explainExit() says of what the kernel kills that memory ran out", () => {
  const { message, next } = explainExit(137, "under it", "listening\n");
  assertMatch(message, /137 \(SIGKILL\) under it: .*memory runs out$/);
  assertStringIncludes(next, "memory limit");
  const heap = explainExit(
    133,
    "under it",
    `listening
# Fatal JavaScript out of memory: Ineffective mark-compacts near heap limit
/shop(+0x2cb9fe2) [0x55f205fe8fe2]
[0x7f868be7cd76]`,
  );
  assertStringIncludes(heap.message, ": Fatal JavaScript out of memory");
});

Deno.test("explainEnd() says what the first process of a container needs", () => {
  const program = { program: "deno", handled: false, first: true };
  assert(doesNothing(program));
  assertStringIncludes(
    explainEnd(program, "SIGTERM"),
    "deno does not handle SIGTERM, which does nothing to the first process",
  );
  assertStringIncludes(
    explainEnd({ ...program, first: false }, "SIGINT"),
    "deno does not handle SIGINT: see",
  );
  const see = 'see "Stopping" in docs/your-service.md';
  assertEquals(explainEnd({ ...program, handled: true }, "SIGTERM"), see);
  assertEquals(explainEnd(undefined, "SIGTERM"), see);
  const wrapped = { ...program, handled: true, first: false, wrapper: "sh" };
  assertStringIncludes(
    explainEnd(wrapped, "SIGTERM"),
    "it starts through sh, which does not pass SIGTERM on to deno: use the exec",
  );
  // An init waits for signals in a way that its masks do not show.
  const init = { ...program, wrapper: "tini" };
  assert(!doesNothing(init));
});

Deno.test("explainError() says where to give what a service lacks", () => {
  const variables = [
    "Error: DATABASE_URL is not set",
    "Missing environment variable API_KEY",
    "Uncaught Error: env TOKEN_SECRET required",
    "AssertionError: SECRET must be set",
  ];
  for (const error of variables) {
    assertMatch(explainError(error) ?? error, /"env" of contract\.json/);
  }
  assertMatch(
    explainError('NotCapable: Requires env access to "HOME", run again') ?? "",
    /--allow-env.*"HOME"/,
  );
  const folders = [
    "Error: Read-only file system (os error 30): writefile '/app/data/x'",
    "Error: attempt to write a readonly database",
    "PermissionDenied: Permission denied (os error 13): mkdir '/app/data'",
    "Error: EROFS: read-only file system, open '/app/x'",
  ];
  for (const error of folders) {
    assertMatch(explainError(error) ?? error, /"writable" of contract\.json/);
  }
  for (const error of ["TypeError: x is not a function", "no table", ""]) {
    assertEquals(explainError(error), undefined);
  }
  assertEquals(explainError("ReferenceError: x is not defined"), undefined);
});
