import { assertEquals } from "@std/assert";
import { compareLayers } from "./compare_layers.ts";
import { file, layer } from "../../testing/image.ts";

Deno.test("compareLayers() says why each record differs", () => {
  const same = file("same", 1);
  const first = layer(
    "RUN",
    same,
    file("content", 1),
    file("mode", 1),
    file("owner", 1),
    file("date", 1),
    file("gone", 1),
  );
  const second = layer(
    "RUN",
    file("new", 1),
    { ...file("date", 1), mtime: 7 },
    { ...file("owner", 1), uid: 7 },
    { ...file("mode", 1), mode: 0o755 },
    { ...file("content", 1), sha256: "0".repeat(64), mtime: 7 },
    same,
  );
  assertEquals(compareLayers(first, second), [
    { path: "/content", changes: ["content", "mtime"] },
    { path: "/date", changes: ["mtime"] },
    { path: "/gone", changes: ["only in the first build"] },
    { path: "/mode", changes: ["mode"] },
    { path: "/new", changes: ["only in the second build"] },
    { path: "/owner", changes: ["owner"] },
  ]);
});

Deno.test("compareLayers() finds nothing in the same records in another order", () => {
  const [a, b] = [file("a", 1), file("b", 1)];
  assertEquals(compareLayers(layer("RUN", a, b), layer("RUN", b, a)), []);
});
