import { minimalVariant } from "../../testing/report.ts";
import { plain } from "./document.ts";
import type { Variant } from "./report_schema.ts";
import { surfaceTable } from "./surface_table.ts";
import { assertEquals } from "@std/assert";

/** The rows of one image: titles with what is said. */
function rowsOf(variant: Variant): string[][] {
  const [block] = surfaceTable([variant]);
  const [titles, found] = "table" in block ? block.table.columns : [];
  return titles.cells.map((title, row) => [
    plain(title),
    plain(found.cells[row]),
  ]);
}

Deno.test("surfaceTable() has a row for a finding only where there is one", () => {
  const variant = minimalVariant();
  const titles = rowsOf(variant).map(([title]) => title);
  const found = rowsOf({
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
  }).filter(([title]) => !titles.includes(title));
  assertEquals(found, [
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
