import { assertEquals } from "@std/assert";
import { commandPermissions, egressOf } from "./permissions.ts";

/** Kinds that are allowed, without the hosts that code is loaded from. */
function allowed(line: string) {
  const permissions = commandPermissions(line.split(" "));
  if (permissions === undefined) return undefined;
  const { source: _, import: _hosts, ...rest } = permissions;
  return rest;
}

const imports = (line: string) => commandPermissions(line.split(" "))?.import;

Deno.test("commandPermissions() reads flags of deno run, long and short", () => {
  assertEquals(
    allowed("deno run --allow-net=0.0.0.0:8080,[::1] --allow-env=PORT main.ts"),
    { net: ["0.0.0.0:8080", "[::1]"], env: ["PORT"] },
  );
  assertEquals(allowed("/usr/bin/deno run -RN=a,b -E main.ts"), {
    read: ["a", "b"],
    net: ["a", "b"],
    env: "all",
  });
  assertEquals(allowed("deno run --allow-net=a -N=b main.ts"), {
    net: ["a", "b"],
  });
  assertEquals(allowed("deno run main.ts"), {});
  assertEquals(allowed("deno --allow-ffi main.ts"), { ffi: "all" });
  assertEquals(allowed("/tini -- docker-entrypoint.sh run -N main.ts"), {
    net: "all",
  });
});

Deno.test("commandPermissions() leaves the program's own arguments alone", () => {
  assertEquals(allowed("deno run main.ts --allow-net"), {});
  assertEquals(
    allowed("deno run --config deno.json --allow-net=a main.ts -A"),
    {
      net: ["a"],
    },
  );
  assertEquals(allowed("deno run --preload a.ts --allow-net=b main.ts"), {
    net: ["b"],
  });
  // Where it cannot be told where the arguments start, all words count.
  assertEquals(allowed("deno run main --allow-net"), { net: "all" });
});

Deno.test("commandPermissions() knows what allows everything", () => {
  for (
    const line of [
      "deno run -A main.ts",
      "deno --allow-all a.js",
      "deno eval 1",
    ]
  ) {
    assertEquals(commandPermissions(line.split(" ")), {
      source: "command",
      net: "all",
      read: "all",
      write: "all",
      env: "all",
      run: "all",
      sys: "all",
      ffi: "all",
      import: "all",
    });
  }
});

Deno.test("commandPermissions() knows where code comes from", () => {
  assertEquals(imports("deno run main.ts")?.includes("jsr.io:443"), true);
  assertEquals(imports("deno run --allow-import=a main.ts"), ["a"]);
  assertEquals(imports("deno run -I main.ts"), "all");
  for (const flag of ["--cached-only", "--no-remote", "--deny-import"]) {
    assertEquals(imports(`deno run ${flag} main.ts`), undefined);
  }
});

Deno.test("commandPermissions() does not guess", () => {
  for (
    const line of [
      "/hello",
      "deno",
      "deno task start",
      "deno --config deno.json task start",
      "deno run -P=serve main.ts",
      "deno run -P main.ts",
      "deno run --permission-set=serve main.ts",
      "docker-entrypoint.sh redis-server",
    ]
  ) assertEquals(commandPermissions(line.split(" ")), undefined, line);
  assertEquals(commandPermissions(["sh", "-c", "deno run -A a.ts"]), undefined);
});

const net = (hosts: "all" | string[] | undefined, expected?: string[]) =>
  egressOf({ source: "binary", net: hosts }, expected);

Deno.test("egressOf() takes the program's own host for no egress", () => {
  const own =
    "0.0.0.0 127.0.0.1:8080 127.9.0.1 127.0.0.0/8 localhost [::]:80 [::1]";
  assertEquals(net(own.split(" ")), []);
  assertEquals(net(undefined), []);
});

Deno.test("egressOf() names every other host, however much it looks like one's own", () => {
  const others =
    "0.0.0.0/0 127.0.0.0/1 127.0.0.1.example.com localhost.example.com 10.0.0.1 *.example.com [::]/0 vsock:2";
  assertEquals(net(others.split(" ")), others.split(" "));
  assertEquals(net("all"), ["any host"]);
});

Deno.test("egressOf() leaves out the hosts that are expected, on any port unless told", () => {
  const hosts = ["db.internal:5432", "DB.internal:80", "db.internal.evil:80"];
  assertEquals(net(hosts, ["db.internal"]), ["db.internal.evil:80"]);
  assertEquals(net(hosts, ["db.internal:5432"]), hosts.slice(1));
  assertEquals(net(["db.internal"], ["db.internal:5432"]), ["db.internal"]);
  assertEquals(net("all", ["db.internal"]), ["any host"]);
});

Deno.test("egressOf() counts what Deno does not bind, and code from elsewhere", () => {
  const source = "command";
  assertEquals(egressOf({ source, run: "all", ffi: "all", import: "all" }), [
    "code from any host",
    "any program it starts",
    "any native library",
  ]);
  assertEquals(
    egressOf({
      source,
      run: ["curl"],
      ffi: ["./a.so"],
      import: ["jsr.io:443"],
    }),
    [
      "code from jsr.io:443",
      "a program it starts (curl)",
      "a native library (./a.so)",
    ],
  );
  assertEquals(egressOf({ source, read: "all", write: "all", env: "all" }), []);
});
