import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Layer } from "../image/model.ts";
import { directory, file, image, layer } from "../../testing/image.ts";
import { compareBuilds, compareDocuments, compareLayers } from "./reproduce.ts";

const BASE = layer("ADD base", file("base", 1));
const CANNOT = "it cannot date files";

function compiled(...entries: Parameters<typeof layer>[1][]): Layer {
  return layer("RUN deno compile", ...entries);
}

Deno.test("compareBuilds() passes what is the same to the digest", () => {
  const built = image([BASE, compiled(file("hello", 9))]);
  assertEquals(compareBuilds(built, built), [
    { name: "layers", status: "pass" },
    { name: "config", status: "pass" },
    { name: "image ID", status: "pass" },
  ]);
});

Deno.test("compareBuilds() names layer, path and reason", () => {
  const [layers, config] = compareBuilds(
    image([BASE, compiled(file("hello", 9), directory("tmp"))]),
    image([BASE, compiled(file("hello", 8), directory("tmp", { mtime: 5 }))]),
  );
  assertEquals(layers, {
    name: "layers",
    status: "fail",
    detail: "layer 2 (RUN deno compile): /hello (content); 1 by mtime alone",
  });
  assertEquals(config.status, "pass");
});

Deno.test("compareBuilds() sums up what it cannot name", () => {
  const files = (size: number) =>
    Array.from({ length: 20 }, (_, index) => file(`f${index + 10}`, size));
  const [layers] = compareBuilds(
    image([compiled(...files(1))]),
    image([compiled(...files(2))]),
  );
  assertStringIncludes(layers.detail ?? "", "/f17 (content) and 12 more");
});

Deno.test("dates alone are no failure of an engine that cannot set them", () => {
  const dated = (mtime: number) =>
    image([compiled(file("hello", 9, { mtime }))]);
  assertEquals(compareBuilds(dated(1), dated(2))[0].status, "fail");
  const [layers, config, ...rest] = compareBuilds(
    dated(1),
    dated(2),
    CANNOT,
  );
  assertEquals(layers, {
    name: "layers",
    status: "skip",
    detail: `${CANNOT}: layer 1 (RUN deno compile): /hello (mtime)`,
  });
  assertEquals(config.status, "pass");
  assertEquals(rest, []);
});

Deno.test("content fails on every engine", () => {
  const [layers] = compareBuilds(
    image([compiled(file("hello", 1))]),
    image([compiled(file("hello", 2))]),
    CANNOT,
  );
  assertEquals(layers.status, "fail");
});

Deno.test("the same records in another order are not the same layer", () => {
  const [a, b] = [file("a", 1), file("b", 1)];
  const [layers] = compareBuilds(
    image([compiled(a, b)]),
    image([compiled(b, a)]),
    CANNOT,
  );
  assertEquals(layers.status, "fail");
  assertStringIncludes(layers.detail ?? "", "another order");
});

Deno.test("a layer more or less is a failure", () => {
  const [layers] = compareBuilds(image([BASE]), image([BASE, BASE]));
  assertEquals(layers.detail, "1 layers, then 2");
});

Deno.test("what no builder repeats is told, but does not fail", () => {
  const built = (moment: string, id: string) => ({
    ...image([BASE]),
    id: `sha256:${id.repeat(64)}`,
    document: {
      created: moment,
      container: id,
      config: { Hostname: id, Env: ["A=1"] },
      history: [{ created: moment }, {
        created: moment,
        comment: `FROM ${id}`,
      }],
    },
  });
  assertEquals(compareBuilds(built("now", "1"), built("later", "2")), [
    { name: "layers", status: "pass" },
    { name: "config", status: "pass" },
    {
      name: "image ID",
      status: "skip",
      detail:
        "no builder repeats what its config states of the build: created, container, Hostname and comment",
    },
  ]);
});

Deno.test("what the service sees of the config has to be the same", () => {
  const built = (value: string) => ({
    ...image([BASE]),
    document: { config: { Env: ["A=1", value], Labels: { built: value } } },
  });
  const [layers, config, ...rest] = compareBuilds(built("1"), built("2"));
  assertEquals(layers.status, "pass");
  assertEquals(config, {
    name: "config",
    status: "fail",
    detail: "config.Env[1] and config.Labels.built",
  });
  assertEquals(rest, []);
});

Deno.test("compareDocuments() names each place that differs", () => {
  assertEquals(
    compareDocuments(
      { a: 1, b: { c: [1, 2], d: "x" }, e: null, same: [{ f: true }] },
      { a: 1, b: { c: [1, 3, 4], d: "y" }, g: 0, same: [{ f: true }] },
    ),
    ["b.c[1]", "b.c[2]", "b.d", "e", "g"],
  );
});

Deno.test("compareDocuments() tells lists, objects and null apart", () => {
  assertEquals(compareDocuments([], []), []);
  assertEquals(compareDocuments([], {}), [""]);
  assertEquals(compareDocuments({ a: null }, { a: {} }), ["a"]);
  assertEquals(compareDocuments({ a: [1] }, { a: 1 }), ["a"]);
});

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
