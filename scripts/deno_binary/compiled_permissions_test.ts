import { assertEquals } from "@std/assert";
import { compiledPermissions } from "./compiled_permissions.ts";

const of = (permissions: unknown) => compiledPermissions({ permissions });

Deno.test("compiledPermissions() tells nothing, everything and a list apart", () => {
  assertEquals(
    of({
      allow_net: ["0.0.0.0", "127.0.0.1"],
      deny_net: null,
      allow_env: [],
      allow_read: null,
      allow_import: ["jsr.io:443"],
    }),
    { source: "binary", net: ["0.0.0.0", "127.0.0.1"], env: "all" },
  );
  assertEquals(of({ allow_net: null }), { source: "binary" });
});

Deno.test("compiledPermissions() takes what is denied again, and the older word for all, as allowed", () => {
  assertEquals(of({ allow_net: [], deny_net: ["192.0.2.1"] })?.net, "all");
  assertEquals(of({ allow_all: true, allow_net: null })?.run, "all");
});

Deno.test("compiledPermissions() assumes more where a list makes no sense, and nothing without one", () => {
  assertEquals(of({ allow_net: [1] })?.net, "all");
  assertEquals(of({ allow_net: {} })?.net, "all");
  for (const metadata of [undefined, null, "x", [], {}, { allow_net: [] }]) {
    assertEquals(compiledPermissions(metadata), undefined);
    assertEquals(of(metadata === undefined ? {} : null), undefined);
  }
});
