import { assertEquals } from "@std/assert";
import { parseCapabilities } from "./capabilities.ts";

// The values are what setcap (libcap 2.66) wrote and Linux gave back.
Deno.test("parseCapabilities() names the permitted capabilities", () => {
  assertEquals(
    parseCapabilities("0100000200202000000000000000000000000000"),
    ["cap_net_raw", "cap_sys_admin"],
    "setcap cap_net_raw,cap_sys_admin+ep",
  );
  assertEquals(
    parseCapabilities("0100000300000000000000008000000000000000e8030000"),
    ["cap_bpf"],
    "setcap -n 1000 cap_bpf+ep",
  );
  assertEquals(
    parseCapabilities("0100000200000000002000000000000000000000"),
    [],
    "setcap cap_net_raw+ei: only what the caller has already",
  );
});

Deno.test("parseCapabilities() names nothing for a value that Linux refuses", () => {
  for (
    const hex of [
      "",
      "zz",
      "01000002",
      "0100000900202000",
      "01000002" + "0".repeat(24),
    ]
  ) assertEquals(parseCapabilities(hex), [], hex);
});

Deno.test("parseCapabilities() tells bits that have no name yet by number", () => {
  assertEquals(
    parseCapabilities("0100000200000000000000000000008000000000"),
    ["cap_63"],
  );
});
