import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import type {
  InstalledPackage,
  ProgramItem,
  RuntimeItem,
} from "./inventory.ts";
import { billOfMaterials, type Bom } from "./bill_of_materials.ts";
import {
  complaints,
  inventoryFixture,
  sha256,
} from "../../testing/inventory.ts";

const TIME = new Date("2026-01-02T03:04:05.678Z");

const libc: InstalledPackage = {
  type: "deb",
  name: "libc6",
  version: "2.41-12+deb13u1",
  architecture: "amd64",
  source: { name: "glibc", version: "2.41-12+deb13u1" },
  depends: [["libgcc-s1"]],
  licenses: ["GPL-2+", "Expat", "house rules"],
  distribution: { id: "debian", version: "13" },
};
const libgcc: InstalledPackage = {
  ...libc,
  name: "libgcc-s1",
  depends: [["not-there", "libc6"], ["gone"]],
  licenses: [],
  traced: {
    from: "builder",
    files: [{
      path: "/lib/libgcc_s.so.1",
      sha256: sha256("1"),
      origin: "/usr/lib/libgcc_s.so.1",
      verified: true,
    }],
  },
};
const program: ProgramItem = {
  path: "/hello",
  sha256: sha256("2"),
  runtime: {
    path: "/hello",
    deno: "2.6.10",
    v8: "14.2.231.17-rusty",
    sha256: sha256("3"),
  },
  modules: [
    { specifier: "main.ts", sha256: sha256("4") },
    { specifier: "https://jsr.io/@std/path/1.1.4/mod.ts", sha256: sha256("5") },
    { specifier: "https://example.com/a b.ts?x=[1]", sha256: sha256("6") },
  ],
  assets: [{ path: "index.html", sha256: sha256("7") }],
  npm: [
    {
      name: "@scope/a",
      version: "1.0.0",
      license: "MIT OR Apache-2.0",
      dependencies: ["b@2.0.0", "not-embedded@1.0.0"],
    },
    { name: "b", version: "2.0.0", license: "SEE LICENSE IN x", files: 3 },
  ],
  npmRoots: ["@scope/a@1.0.0"],
};
const full = inventoryFixture({
  distribution: { id: "debian", version: "13", name: "Debian 13" },
  packages: [libc, libgcc],
  programs: [program],
  runtimes: [{
    path: "/usr/bin/denort",
    deno: "2.6.10",
    v8: "14.2.231.17-rusty",
    sha256: sha256("3"),
  }],
  binaries: [{
    path: "/lib/libx.so.1.0",
    sha256: sha256("8"),
    soname: "libx.so.1",
    library: true,
  }],
});

function component(bom: Bom, name: string) {
  const found = bom.components.filter((item) => item.name === name);
  assertEquals(found.length, 1, `${name}: ${found.length}`);
  return found[0];
}

function needs(bom: Bom, ref: string): string[] | undefined {
  return bom.dependencies.find((item) => item.ref === ref)?.dependsOn;
}

Deno.test("billOfMaterials: an empty image has a bill that is valid", async () => {
  const bom = billOfMaterials(inventoryFixture(), TIME);
  assertEquals(await complaints(bom), null);
  assertEquals([bom.components, bom.compositions], [[], []]);
  assertEquals(bom.metadata.timestamp, "2026-01-02T03:04:05Z");
  const { type, name, version } = bom.metadata.component;
  assertEquals(
    [type, name, version],
    ["container", "localhost:5000/team/hello", "1.2"],
  );
});

Deno.test("billOfMaterials: the validator is one that objects", async () => {
  const bom = billOfMaterials(full, TIME);
  assertEquals(await complaints(bom), null);
  const broken = { ...bom, components: [{ ...bom.components[0], typo: 1 }] };
  assertNotEquals(await complaints(broken), null);
});

Deno.test("billOfMaterials: a registry's port is no tag", () => {
  const { image } = inventoryFixture();
  const bom = billOfMaterials(
    { ...full, image: { ...image, reference: "localhost:5000/hello" } },
    TIME,
  );
  const { name, version } = bom.metadata.component;
  assertEquals([name, version], ["localhost:5000/hello", undefined]);
});

Deno.test("billOfMaterials: packages, by name, source, licence and need", () => {
  const bom = billOfMaterials(full, TIME);
  const { purl, licenses, properties } = component(bom, "libc6");
  assertEquals(
    purl,
    "pkg:deb/debian/libc6@2.41-12%2Bdeb13u1?arch=amd64&distro=debian-13",
  );
  assertEquals(licenses, [
    { license: { id: "GPL-2.0-or-later" } },
    { license: { id: "MIT" } },
    { license: { name: "house rules" } },
  ]);
  assertEquals(properties, [
    { name: "deno-small-image:source:name", value: "glibc" },
    { name: "deno-small-image:source:version", value: "2.41-12+deb13u1" },
  ]);
  assertEquals(needs(bom, component(bom, "libgcc-s1")["bom-ref"]), [purl]);
});

Deno.test("billOfMaterials: a traced package says by which file", () => {
  const { evidence } = component(billOfMaterials(full, TIME), "libgcc-s1");
  assertEquals(evidence?.occurrences, [{ location: "/lib/libgcc_s.so.1" }]);
  const [identity] = evidence?.identity ?? [];
  assertEquals(identity.methods[0].technique, "hash-comparison");
  assertMatch(identity.methods[0].value, /1{64} of \/usr\/lib\/.* in builder$/);
});

Deno.test("billOfMaterials: a package that is installed and traced is one component", async () => {
  const again = {
    ...libgcc,
    traced: { from: "second", files: libgcc.traced?.files ?? [] },
  };
  const bom = billOfMaterials(
    inventoryFixture({
      packages: [{ ...libgcc, traced: undefined }, libgcc, again],
    }),
    TIME,
  );
  assertEquals(await complaints(bom), null);
  const { evidence, properties } = component(bom, "libgcc-s1");
  assertEquals(evidence?.identity?.[0].methods.map((m) => m.technique), [
    "manifest-analysis",
    "hash-comparison",
    "hash-comparison",
  ]);
  assert(properties?.some(({ value }) => value === "builder second"));
});

Deno.test("billOfMaterials: the same runtime is one component, with its V8", () => {
  const bom = billOfMaterials(full, TIME);
  const deno = component(bom, "deno");
  assertEquals(deno.purl, "pkg:github/denoland/deno@v2.6.10");
  assertEquals(deno.hashes, [{ alg: "SHA-256", content: sha256("3") }]);
  assertEquals(
    deno.evidence?.occurrences?.map(({ location }) => location),
    ["/usr/bin/denort", "/hello"],
  );
  const v8 = component(bom, "v8");
  assertEquals(v8.version, "14.2.231.17-rusty");
  assertEquals(needs(bom, deno["bom-ref"]), [v8["bom-ref"]]);
  assertEquals(bom.compositions, [
    { aggregate: "incomplete", assemblies: [deno["bom-ref"]] },
  ]);
});

Deno.test("billOfMaterials: what is in a program, and what asked for it", () => {
  const bom = billOfMaterials(full, TIME);
  const hello = component(bom, "hello")["bom-ref"];
  const a = component(bom, "a");
  assertEquals([a.group, a.purl], ["@scope", "pkg:npm/%40scope/a@1.0.0"]);
  assertEquals(a.licenses, [{ expression: "MIT OR Apache-2.0" }]);
  assertEquals(component(bom, "b").licenses, [
    { license: { name: "SEE LICENSE IN x" } },
  ]);
  const path = component(bom, "path");
  assertEquals(path.purl, "pkg:generic/jsr.io/%40std/path@1.1.4");
  assertEquals(needs(bom, path["bom-ref"]), [
    "file:/hello#https://jsr.io/@std/path/1.1.4/mod.ts",
  ]);
  assertEquals(
    needs(bom, hello),
    [
      component(bom, "deno")["bom-ref"],
      "file:/hello#https://example.com/a b.ts?x=[1]",
      "file:/hello#index.html",
      "file:/hello#main.ts",
      a["bom-ref"],
      path["bom-ref"],
    ].sort(),
  );
  assertEquals(needs(bom, a["bom-ref"]), [component(bom, "b")["bom-ref"]]);
});

Deno.test("billOfMaterials: a library of no package says so", () => {
  const { type, hashes, properties } = component(
    billOfMaterials(full, TIME),
    "libx.so.1",
  );
  assertEquals(type, "library");
  assertEquals(hashes?.[0].content, sha256("8"));
  assert(
    properties?.some(({ name, value }) =>
      name === "deno-small-image:traced" && value === "false"
    ),
  );
});

Deno.test("billOfMaterials: the same in whatever order, and another at another time", () => {
  const bom = billOfMaterials(full, TIME);
  const turned = billOfMaterials({
    ...full,
    packages: full.packages.toReversed(),
    programs: [{ ...program, npm: program.npm.toReversed() }],
  }, TIME);
  assertEquals(JSON.stringify(turned), JSON.stringify(bom));
  assertMatch(bom.serialNumber, /^urn:uuid:[0-9a-f-]{36}$/);
  const later = billOfMaterials(full, new Date(TIME.getTime() + 1000));
  assertNotEquals(later.serialNumber, bom.serialNumber);
});

Deno.test("billOfMaterials: every ref leads somewhere, and each is there once", () => {
  const { metadata, components, dependencies } = billOfMaterials(full, TIME);
  const refs = [metadata.component, ...components].map((c) => c["bom-ref"]);
  assertEquals(new Set(refs).size, refs.length);
  assertEquals(dependencies.map(({ ref }) => ref).toSorted(), refs.toSorted());
  for (const { dependsOn } of dependencies) {
    for (const ref of dependsOn) assert(refs.includes(ref), ref);
  }
});

const HOSTILE = [
  "\x1b[31m\0\n",
  "../../@/%2F?#",
  "\ud800",
  "\u202e",
  "a@b@c:d/e//f",
  "[::1]:x%zz",
  "(".repeat(300),
];

Deno.test("billOfMaterials: hostile names make a valid bill", async () => {
  for (const name of HOSTILE) {
    const bom = billOfMaterials(
      inventoryFixture({
        image: {
          ...inventoryFixture().image,
          reference: name,
          config: {
            ...inventoryFixture().image.config,
            labels: { "org.opencontainers.image.title": name },
          },
        },
        distribution: { id: name, version: name },
        packages: [{
          ...libgcc,
          name,
          version: name,
          architecture: name,
          licenses: [name, name],
          depends: [[name]],
          distribution: { id: name, version: name },
        }],
        programs: [{
          ...program,
          path: `/${name}`,
          runtime: { path: `/${name}`, deno: name, v8: name },
          modules: [
            { specifier: name },
            { specifier: `https://jsr.io/@${name}/${name}/1/a` },
            { specifier: `https://jsr.io/@x/y/${name}/a` },
            { specifier: `https://${name}` },
          ],
          assets: [{ path: name }],
          npm: [{ name, version: name, license: name, dependencies: [name] }],
          npmRoots: [name],
        }],
        binaries: [{
          path: `/${name}.so`,
          sha256: sha256("9"),
          soname: name,
          library: true,
        }],
      }),
      TIME,
    );
    assertEquals(await complaints(bom), null, JSON.stringify(name));
  }
});

Deno.test("billOfMaterials: as many parts as a large program has", async () => {
  const bom = billOfMaterials(
    inventoryFixture({
      programs: [{
        ...program,
        npm: Array.from({ length: 300 }, (_, i) => ({
          name: `p${i}`,
          version: "1.0.0",
          dependencies: [`p${i + 1}@1.0.0`],
        })),
        npmRoots: ["p0@1.0.0"],
      }],
    }),
    TIME,
  );
  assert(bom.components.length > 300);
  assertEquals(await complaints(bom), null);
});

function installed(parts: Partial<InstalledPackage>) {
  const item: InstalledPackage = {
    type: "deb",
    name: "attr",
    version: "1",
    architecture: "",
    source: { name: "attr", version: "1" },
    depends: [],
    licenses: [],
    ...parts,
  };
  const bom = billOfMaterials(inventoryFixture({ packages: [item] }), TIME);
  return bom.components[0];
}

function licensesOf(licenses: string[]) {
  return installed({ licenses }).licenses;
}

Deno.test("billOfMaterials: licences are ids, in any case, and what Debian calls them", () => {
  const cases: [text: string, id: string | undefined][] = [
    ["MIT", "MIT"],
    ["apache-2.0", "Apache-2.0"],
    ["Expat", "MIT"],
    ["GPL-2+", "GPL-2.0-or-later"],
    ["GPL-3", "GPL-3.0-only"],
    ["LGPL-2.1+", "LGPL-2.1-or-later"],
    ["BSD-3-clause", "BSD-3-Clause"],
    ["UNLICENSED", undefined],
    ["MIT OR", undefined],
    ["MIT ISC", undefined],
    ["(MIT", undefined],
    ["MIT)", undefined],
    ["()", undefined],
    ["", undefined],
  ];
  for (const [text, id] of cases) {
    const license = id === undefined ? { name: text } : { id };
    assertEquals(licensesOf([text]), [{ license }], text);
  }
});

Deno.test("billOfMaterials: licences are an expression alone, else a list without doubles", () => {
  assertEquals(licensesOf([]), undefined);
  assertEquals(licensesOf(["MIT OR ISC"]), [{ expression: "MIT OR ISC" }]);
  assertEquals(licensesOf(["(MIT or GPL-2+) and ISC"]), [{
    expression: "(MIT OR GPL-2.0-or-later) AND ISC",
  }]);
  assertEquals(licensesOf(["Expat", "MIT", "MIT OR ISC", "my own"]), [
    { license: { id: "MIT" } },
    { license: { name: "MIT OR ISC" } },
    { license: { name: "my own" } },
  ]);
});

// The right values are those of the tests that the purl specification comes with:
// tests/types/deb-test.json, apk-test.json, npm-test.json.
Deno.test("billOfMaterials: the URL of a package is as the specification's tests have it", () => {
  assertEquals(
    installed({ version: "1:2.4.47-2+b1", architecture: "amd64" }).purl,
    "pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64",
  );
  assertEquals(
    installed({
      name: "dpkg",
      version: "1.19.0.4",
      architecture: "amd64",
      distribution: { id: "ubuntu" },
    }).purl,
    "pkg:deb/ubuntu/dpkg@1.19.0.4?arch=amd64&distro=ubuntu",
  );
  assertEquals(
    installed({
      type: "apk",
      name: "curl",
      version: "7.83.0-r0",
      architecture: "x86",
    }).purl,
    "pkg:apk/alpine/curl@7.83.0-r0?arch=x86",
  );
  assertEquals(
    installed({ name: "g++", version: "1:1.2~rc1+dfsg-3+b1" }).purl,
    "pkg:deb/debian/g%2B%2B@1:1.2~rc1%2Bdfsg-3%2Bb1",
  );
});

Deno.test("billOfMaterials: the URL of an npm package has its build, or no version", () => {
  const npm = [{ name: "a", version: "1.0.0+build" }, {
    name: "b",
    version: "",
  }];
  const bom = billOfMaterials(
    inventoryFixture({ programs: [{ ...program, npm }] }),
    TIME,
  );
  assertEquals(component(bom, "a").purl, "pkg:npm/a@1.0.0%2Bbuild");
  assertEquals(component(bom, "b").purl, "pkg:npm/b");
});

const RUNTIME: RuntimeItem = {
  path: "/denort",
  sha256: "a".repeat(64),
  deno: "2.6.10",
  v8: "14.5.201.2-rusty",
};

Deno.test("billOfMaterials: the same runtime and engine are there once, wherever they lie", () => {
  const bom = billOfMaterials(
    inventoryFixture({
      runtimes: [
        RUNTIME,
        { ...RUNTIME, path: "/hello" },
        RUNTIME,
        { path: "/other", deno: "2.6.9", v8: RUNTIME.v8 },
        { path: "/unknown" },
      ],
    }),
    TIME,
  );
  const same = `deno@2.6.10#${RUNTIME.sha256}`;
  const v8 = "v8@14.5.201.2-rusty";
  const refs = ["deno@#/unknown", same, "deno@2.6.9#/other"];
  assertEquals(needs(bom, bom.metadata.component["bom-ref"]), refs);
  assertEquals(
    bom.components.map((part) => [
      part["bom-ref"],
      part.evidence?.occurrences?.map(({ location }) => location),
      needs(bom, part["bom-ref"]),
    ]),
    [
      [v8, ["/denort", "/hello", "/other"], []],
      ["deno@#/unknown", ["/unknown"], []],
      [same, ["/denort", "/hello"], [v8]],
      ["deno@2.6.9#/other", ["/other"], [v8]],
    ],
  );
});

Deno.test("billOfMaterials: packages are told from modules, and who asks for whom", () => {
  const item: ProgramItem = {
    path: "/hello",
    sha256: "b".repeat(64),
    runtime: RUNTIME,
    modules: [
      { specifier: "main.ts" },
      { specifier: "https://jsr.io/@std/path/1.0.0/join.ts" },
      { specifier: "https://jsr.io/@std/path/1.0.0/mod.ts" },
      { specifier: "https://example.com/a b.js" },
    ],
    assets: [{ path: "page.html" }],
    npm: [
      { name: "@s/a", version: "1.0.0", dependencies: ["b@2.0.0", "c@3.0.0"] },
      { name: "b", version: "2.0.0" },
    ],
    npmRoots: ["@s/a@1.0.0"],
  };
  const bom = billOfMaterials(inventoryFixture({ programs: [item] }), TIME);
  const deno = `deno@2.6.10#${RUNTIME.sha256}`;
  assertEquals(needs(bom, bom.metadata.component["bom-ref"]), [
    deno,
    "file:/hello",
  ]);
  const jsr = "file:/hello#pkg:generic/jsr.io/%40std/path@1.0.0";
  assertEquals(needs(bom, "file:/hello"), [
    deno,
    "file:/hello#https://example.com/a b.js",
    "file:/hello#main.ts",
    "file:/hello#npm:@s/a@1.0.0",
    "file:/hello#page.html",
    jsr,
  ]);
  assertEquals(needs(bom, "file:/hello#npm:@s/a@1.0.0"), [
    "file:/hello#npm:b@2.0.0", // what is not in the program is not listed
  ]);
  assertEquals(needs(bom, jsr)?.length, 2);
  const scoped = bom.components.find(({ name }) => name === "a");
  assertEquals([scoped?.group, scoped?.purl], ["@s", "pkg:npm/%40s/a@1.0.0"]);
  const remote = bom.components.find(({ name }) =>
    name.startsWith("https://ex")
  );
  assertEquals(
    remote?.externalReferences?.[0].url,
    "https://example.com/a%20b.js",
  );
});
