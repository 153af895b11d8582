/**
 * The service as it ships: compiled, and asked over sockets.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { findCompiler, shippedFlags } from "./compiler.ts";

const folder = await Deno.makeTempDir({ prefix: "service-test-" });
globalThis.addEventListener(
  "unload",
  () => Deno.removeSync(folder, { recursive: true }),
);
const { compile, reason } = await findCompiler(folder);
if (!compile) console.warn(`skipped, as nothing compiles here: ${reason}`);

/** A test that needs a compiler. */
function test(name: string, fn: () => Promise<void>) {
  Deno.test({ name, ignore: !compile, fn });
}

const hello = compile
  ? await compile(
    `${import.meta.dirname}/../main.ts`,
    "hello",
    await shippedFlags(),
  )
  : "";

/** Starts the service on a free port. */
async function start(program = hello) {
  const child = new Deno.Command(program, {
    env: { PORT: "0" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const stderr = child.stderr.text();
  let log = (await reader.read()).value ?? "";
  const port = Number(/:(\d+)\/\n$/.exec(log)?.[1]);
  return {
    port,
    /** Waits for the next lines of the log. */
    async next() {
      log += (await reader.read()).value ?? "";
    },
    /** Sends a signal. */
    kill: (signal: Deno.Signal) => child.kill(signal),
    /** Waits for the end. */
    async end() {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        log += value;
      }
      const { code } = await child.status;
      return { code, log, stderr: await stderr };
    },
  };
}

/** Runs the program to its end. */
async function run(args: string[], env: Record<string, string>) {
  const { code, stdout, stderr } = await new Deno.Command(hello, { args, env })
    .output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** Connects and sends a text as it is. */
async function send(port: number, text: string): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(text));
  return connection;
}

/** What comes until the connection closes; the date, which varies, left out. */
async function receive(connection: Deno.TcpConn): Promise<string> {
  const text = await new Response(connection.readable).text();
  return text.replace(/^date: .*\r\n/m, "");
}

function head(method: string, path: string): string {
  return `${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
}

async function ask(port: number, method: string, path: string) {
  const [headers, body] = (await receive(await send(port, head(method, path))))
    .split("\r\n\r\n");
  return { headers, body };
}

const gone = "Stopped\n";

test("the compiled service answers as the design says", async () => {
  const service = await start();
  const { port } = service;
  const greeting = await ask(port, "GET", "/");
  assertMatch(greeting.headers, /^HTTP\/1.1 200 OK\r\n/);
  assertStringIncludes(
    greeting.headers,
    "content-type: text/html; charset=utf-8",
  );
  assertStringIncludes(greeting.headers, "content-length: 15");
  assertEquals(greeting.body, "Hello, Deno! <3");
  const health = await ask(port, "GET", "/health");
  assertMatch(health.headers, /^HTTP\/1.1 200 OK\r\n/);
  assertStringIncludes(health.headers, "content-type: application/json");
  assertEquals(health.body, '{"Status":"OK"}');
  for (const path of ["/", "/health", "/nothing"]) {
    assertEquals(await ask(port, "HEAD", path), {
      headers: (await ask(port, "GET", path)).headers,
      body: "",
    });
  }
  assertEquals(await ask(port, "GET", "/?a=/health"), greeting);
  assertEquals(await ask(port, "GET", "/health?"), health);
  const absent: [string, string][] = [
    ["GET", "/health/"],
    ["GET", "//"],
    ["GET", "/./health"],
    ["GET", "/%68ealth"],
    ["GET", "/%00"],
    ["GET", `/${"a".repeat(8000)}`],
    ["POST", "/"],
    ["DELETE", "/health"],
    ["TRACE", "/"],
    ["BREW", "/"],
    ["get", "/"],
    ["OPTIONS", "*"],
  ];
  for (const [method, path] of absent) {
    const { headers } = await ask(port, method, path);
    assertMatch(headers, /^HTTP\/1.1 404 /, `${method} ${path.slice(0, 20)}`);
  }
  service.kill("SIGTERM");
  assertEquals(await service.end(), {
    code: 0,
    log: `Listening on http://0.0.0.0:${port}/\n${gone}`,
    stderr: "",
  });
});

test("a bad port is one line and exit code 1", async () => {
  for (const port of ["x", "-1", "65536", "1.5", " 80"]) {
    assertEquals(await run([], { PORT: port }), {
      code: 1,
      stdout: "",
      stderr: `Cannot parse port "${port}": expected 0 to 65535\n`,
    });
  }
});

test("a port in use is one line and exit code 1", async () => {
  using listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  const { port } = listener.addr;
  assertEquals(await run([], { PORT: String(port) }), {
    code: 1,
    stdout: "",
    stderr: `Cannot listen on port ${port}: it is in use\n`,
  });
});

test("an unknown command is one line and exit code 1", async () => {
  assertEquals(await run(["help"], {}), {
    code: 1,
    stdout: "",
    stderr: 'Cannot run "help": expected healthcheck\n',
  });
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} stops it though idle connections are open`, async () => {
    const service = await start();
    using _fresh = await send(service.port, "");
    using idle = await send(service.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await idle.read(new Uint8Array(1024));
    service.kill(signal);
    const { code, log } = await service.end();
    assertEquals(code, 0);
    // Another last line would say that it had to wait for them.
    assertEquals(log.split("\n").slice(1), ["Stopped", ""]);
  });
}

test("what is in flight finishes after a signal", async () => {
  if (!compile) return;
  const source = `${folder}/slow.ts`;
  await Deno.copyFile(
    `${import.meta.dirname}/../main.ts`,
    `${folder}/service.ts`,
  );
  await Deno.writeTextFile(
    source,
    `import { serve } from "./service.ts";
    await serve(0, async () => {
      const signal = new Promise((resolve) =>
        Deno.addSignalListener("SIGTERM", () => setTimeout(resolve, 100))
      );
      console.log("Asked");
      await signal;
      return new Response("late, but here");
    });
    Deno.exit(0);`,
  );
  const service = await start(
    await compile(source, "slow", await shippedFlags()),
  );
  const connection = await send(service.port, head("GET", "/"));
  await service.next();
  service.kill("SIGTERM");
  assertStringIncludes(await receive(connection), "late, but here");
  const { code, log } = await service.end();
  assertEquals(code, 0);
  assertEquals(log.split("\n").slice(1), ["Asked", "Stopped", ""]);
});

test("a second signal ends it at once", async () => {
  const service = await start();
  using _half = await send(service.port, "GET / HT");
  await ask(service.port, "GET", "/");
  service.kill("SIGTERM");
  while (await isOpen(service.port)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  service.kill("SIGTERM");
  const { code, log } = await service.end();
  assertEquals(code, 1);
  assertEquals(log.includes("Stopped"), false);
});

async function isOpen(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

test("healthcheck tells up from down, whatever proxy is set", async () => {
  const service = await start();
  const env = { PORT: String(service.port), HTTP_PROXY: "http://127.0.0.1:1" };
  assertEquals(await run(["healthcheck"], env), {
    code: 0,
    stdout: "",
    stderr: "",
  });
  service.kill("SIGTERM");
  await service.end();
  const { code, stderr } = await run(["healthcheck"], env);
  assertEquals(code, 1);
  assertMatch(stderr, /^Unhealthy on port \d+: .*refused.*\n$/i);
});

/** What a service must not do, tried one by one. */
const attempts = `
  const attempts = {
    fetch: () => fetch("http://192.0.2.1/"),
    connect: () => Deno.connect({ hostname: "192.0.2.1", port: 80 }),
    resolve: () => Deno.resolveDns("localhost", "A"),
    listenElsewhere: () => Deno.listen({ hostname: "127.0.0.2", port: 0 }),
    read: () => Deno.readTextFile("/etc/passwd"),
    write: () => Deno.writeTextFile("/tmp/service-test", ""),
    run: () => new Deno.Command("/bin/true").output(),
    env: () => Deno.env.get("HOME"),
    sys: () => Deno.hostname(),
    ffi: () => Deno.dlopen("libc.so.6", {}),
    import: () => import("data:text/javascript," + "await Deno.stat('/')"),
  };
  for (const [name, attempt] of Object.entries(attempts)) {
    try {
      await attempt();
      console.log(name, "worked");
    } catch (error) {
      console.log(name, error.name);
    }
  }
`;

test("it cannot reach out, read or run, and asks nobody for it", async () => {
  if (!compile) return;
  const source = `${folder}/attempts.ts`;
  await Deno.writeTextFile(source, attempts);
  const probe = await compile(source, "attempts", await shippedFlags());
  // On a terminal, where Deno would otherwise ask for each permission.
  const { stdout } = await new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", probe, "/dev/null"],
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const lines = new TextDecoder().decode(stdout).trim().split(/\r?\n/);
  assertEquals(lines, [
    "fetch NotCapable",
    "connect NotCapable",
    "resolve NotCapable",
    "listenElsewhere NotCapable",
    "read NotCapable",
    "write NotCapable",
    "run NotCapable",
    "env NotCapable",
    "sys NotCapable",
    "ffi NotCapable",
    "import NotCapable",
  ]);
});

test("the attempts that fail would work with permissions", async () => {
  if (!compile) return;
  const source = `${folder}/attempts.ts`;
  await Deno.writeTextFile(source, attempts);
  const probe = await compile(source, "allowed", ["--allow-all"]);
  const { stdout } = await new Deno.Command(probe, {
    env: { NO_COLOR: "1", HTTP_PROXY: "", http_proxy: "" },
  }).output();
  const lines = new TextDecoder().decode(stdout);
  for (const name of ["read", "run", "env", "sys", "import"]) {
    assertStringIncludes(lines, `${name} worked`);
  }
  assertEquals(lines.includes("NotCapable"), false, lines);
});
