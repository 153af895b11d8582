import { assertEquals } from "@std/assert";
import { waysOut } from "./egress.ts";

const net = (hosts: "all" | string[] | undefined, expected?: string[]) =>
  waysOut({ source: "binary", net: hosts }, expected);

Deno.test("waysOut() takes the program's own host for no way out", () => {
  const own =
    "0.0.0.0 127.0.0.1:8080 127.9.0.1 127.0.0.0/8 localhost [::]:80 [::1]";
  assertEquals(net(own.split(" ")), []);
  assertEquals(net(undefined), []);
});

Deno.test("waysOut() names every other host, however much it looks like one's own", () => {
  const others =
    "0.0.0.0/0 127.0.0.0/1 127.0.0.1.example.com localhost.example.com 10.0.0.1 *.example.com [::]/0 vsock:2";
  assertEquals(net(others.split(" ")), others.split(" "));
  assertEquals(net("all"), ["any host"]);
});

Deno.test("waysOut() leaves out the hosts that are expected, on any port unless told", () => {
  const hosts = ["db.internal:5432", "DB.internal:80", "db.internal.evil:80"];
  assertEquals(net(hosts, ["db.internal"]), ["db.internal.evil:80"]);
  assertEquals(net(hosts, ["db.internal:5432"]), hosts.slice(1));
  assertEquals(net(["db.internal"], ["db.internal:5432"]), ["db.internal"]);
  assertEquals(net("all", ["db.internal"]), ["any host"]);
});

Deno.test("waysOut() counts what Deno does not bind, and code from elsewhere", () => {
  const source = "command";
  assertEquals(waysOut({ source, run: "all", ffi: "all", import: "all" }), [
    "code from any host",
    "any program it starts",
    "any native library",
  ]);
  assertEquals(
    waysOut({ source, run: ["curl"], ffi: ["./a.so"], import: ["jsr.io:443"] }),
    [
      "code from jsr.io:443",
      "a program it starts (curl)",
      "a native library (./a.so)",
    ],
  );
  assertEquals(waysOut({ source, read: "all", write: "all", env: "all" }), []);
});
