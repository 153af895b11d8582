import { minimalVariant } from "../../testing/report.ts";
import type { Program } from "../deno_binary/program_schema.ts";
import { applicationText, surfaceRows } from "./shared_rows.ts";
import { assertEquals } from "@std/assert";

Deno.test("surfaceRows() has a row for a finding only where there is one", () => {
  const variant = minimalVariant();
  const titles = surfaceRows([variant]).map(({ title }) => title);
  const found = surfaceRows([{
    ...variant,
    surface: {
      ...variant.surface,
      capabilities: ["/bin/x cap_sys_admin=ep"],
      missingPrograms: ["/bin/sh"],
      broken: ["/hello: it ends too early"],
      unreadPackages: ["/var/lib/rpm/rpmdb.sqlite (RPM)"],
      alpinePackages: [{ name: "musl", version: "1", architecture: "x86_64" }],
    },
    secrets: [
      { path: "/app/.env", kind: "environment file", layer: 1, deletedBy: 2 },
      { path: "app.db", kind: "database", layer: 0, program: "/hello" },
    ],
  }]).filter(({ title }) => !titles.includes(title));
  assertEquals(found.map(({ title, cells: [{ text }] }) => [title, text]), [
    ["File capabilities", "/bin/x cap_sys_admin=ep"],
    ["Alpine packages", "1"],
    ["Packages not read", "/var/lib/rpm/rpmdb.sqlite (RPM)"],
    [
      "Secrets and state",
      "/app/.env (environment file, layer 2, deleted by layer 3 and still there), " +
      "app.db in /hello (database, layer 1)",
    ],
    ["Missing programs", "/bin/sh"],
    ["Cannot start", "/hello: it ends too early"],
  ]);
});

Deno.test("applicationText() tells own modules from packages", () => {
  const program: Program = {
    path: "/hello",
    bytes: 90,
    runtimeBytes: 1,
    applicationBytes: 89,
    modules: [],
    npm: [],
  };
  assertEquals(applicationText(program), "your code");
  const parts = {
    own: 2000,
    remote: 0,
    npm: 5_000_000,
    assets: 0,
    metadata: 7,
  };
  assertEquals(
    applicationText({ ...program, parts }),
    "application: 2 kB own modules, 5 MB npm packages, 7 B metadata",
  );
});
