import { assertEquals } from "@std/assert";
import { rootfs } from "../image/rootfs.ts";
import { file, image, layer, symlink, text } from "../../testing/image.ts";
import type { Entry, ImageConfig } from "../image/model.ts";
import type { Found } from "./found.ts";
import { libraries, searchPath, startedPrograms } from "./started_programs.ts";

const program = (path: string) => file(path, 1, { mode: 0o755 });

function started(config: Partial<ImageConfig>): [string, string?][] {
  const tested = image([
    layer(
      "",
      program("opt/bin/app"),
      program("usr/bin/tini"),
      symlink("bin", "usr/bin"),
      program("app/serve"),
      file("usr/bin/data", 1),
    ),
  ], config);
  return startedPrograms(tested, rootfs(tested))
    .map(({ name, resolved }) => [name, resolved?.path]);
}

Deno.test("startedPrograms() looks where an engine does", () => {
  assertEquals(started({}), []);
  assertEquals(started({ cmd: ["tini"] }), [["tini", "usr/bin/tini"]]);
  assertEquals(started({ cmd: ["/bin/tini"] }), [[
    "/bin/tini",
    "usr/bin/tini",
  ]]);
  const env = ["PATH=/usr/bin", "PATH=/opt/bin:relative"];
  assertEquals(started({ cmd: ["app"], env }), [["app", "opt/bin/app"]]);
  assertEquals(started({ cmd: ["tini"], env }), [["tini", undefined]]);
  assertEquals(started({ cmd: ["./serve"], workingDir: "/app" }), [
    ["./serve", "app/serve"],
  ]);
  // What cannot be executed is passed over.
  assertEquals(started({ cmd: ["data"] }), [["data", undefined]]);
});

Deno.test("startedPrograms() finds the program that another one starts", () => {
  assertEquals(
    started({
      entrypoint: ["/usr/bin/tini", "--"],
      cmd: ["/app/serve", "/none", "app"],
    }),
    [["/usr/bin/tini", "usr/bin/tini"], ["/app/serve", "app/serve"]],
  );
});

Deno.test("searchPath() is the image's PATH, or the one that engines set", () => {
  assertEquals(searchPath(image([], { env: ["PATH=/a:b:/c"] })), ["/a", "/c"]);
  assertEquals(searchPath(image([])).length, 6);
});

const LOADER = "/lib64/ld-linux-x86-64.so.2";

function elf(
  path: string,
  needed: string[],
  options: { interpreter?: string; runpath?: string[]; machine?: string } = {},
): Entry {
  const found: Found = {
    elf: { machine: "amd64", needed, runpath: [], ...options },
  };
  return file(path, 9, { mode: 0o755, found });
}

function script(path: string, shebang: string): Entry {
  const found: Found = { shebang };
  return file(path, 9, { mode: 0o755, found });
}

function librariesOf(entries: Entry[], config: Partial<ImageConfig>) {
  const tested = image([layer("", ...entries)], config);
  return libraries(tested, rootfs(tested));
}

const entrypoint = ["/app"];
const app = (needed: string[], runpath: string[] = []) =>
  elf("app", needed, { interpreter: LOADER, runpath });
const libc = elf("usr/lib/x86_64-linux-gnu/libc.so.6", [
  "ld-linux-x86-64.so.2",
]);

const loader = [
  symlink("lib64", "usr/lib64"),
  symlink("lib", "usr/lib"),
  elf("usr/lib64/ld-linux-x86-64.so.2", []),
];

Deno.test("libraries: all that is needed is there, links followed", () => {
  assertEquals(
    librariesOf([
      ...loader,
      libc,
      app(["libm.so.6", "libc.so.6"]),
      symlink("usr/lib/x86_64-linux-gnu/libm.so.6", "libm.so"),
      elf("usr/lib/x86_64-linux-gnu/libm.so", ["libc.so.6"]),
    ], { entrypoint }),
    {
      interpreter: LOADER,
      libraries: ["libc.so.6", "libm.so.6"],
      missing: [],
    },
  );
});

Deno.test("libraries: what is for another architecture is named", () => {
  const other = { machine: "arm64" };
  assertEquals(
    librariesOf([
      elf("app", ["libc.so.6"], { ...other, interpreter: LOADER }),
      symlink("lib64", "usr/lib64"),
      elf("usr/lib64/ld-linux-x86-64.so.2", [], { machine: "386" }),
      elf("usr/lib/x86_64-linux-gnu/libc.so.6", [], other),
    ], { entrypoint }).foreign,
    ["/app (arm64)", "/usr/lib/x86_64-linux-gnu/libc.so.6 (arm64)"],
  );
});

Deno.test("libraries: what is missing, needs of needs and the loader included", () => {
  assertEquals(
    librariesOf([
      app(["liba.so", "libb.so"]),
      elf("usr/lib/liba.so", ["libc.so.6", "libb.so"]),
      symlink("usr/lib/libb.so", "libb.so"),
    ], { entrypoint }),
    {
      interpreter: LOADER,
      libraries: ["liba.so", "libb.so", "libc.so.6"],
      missing: [LOADER, "libb.so", "libc.so.6"],
    },
  );
});

Deno.test("libraries: libraries that need each other end", () => {
  const { missing } = librariesOf([
    ...loader,
    app(["liba.so"]),
    elf("usr/lib/liba.so", ["libb.so"]),
    elf("usr/lib/libb.so", ["liba.so"]),
  ], { entrypoint });
  assertEquals(missing, []);
});

Deno.test("libraries: beside the program along RUNPATH, its own only", () => {
  const entries = [
    ...loader,
    elf("opt/x/bin/app", ["liba.so"], {
      interpreter: LOADER,
      runpath: ["$ORIGIN/../lib:/none"],
    }),
    elf("opt/x/lib/liba.so", ["libb.so"]),
    elf("opt/x/lib/libb.so", []),
  ];
  assertEquals(
    librariesOf(entries, { entrypoint: ["/opt/x/bin/app"] }).missing,
    ["libb.so"],
  );
  const env = ["LD_LIBRARY_PATH=/opt/x/lib"];
  assertEquals(
    librariesOf(entries, { entrypoint: ["/opt/x/bin/app"], env }).missing,
    [],
  );
});

Deno.test("libraries: ld.so.conf counts where there is a cache", () => {
  const entries = [
    ...loader,
    app(["liba.so"]),
    elf("opt/lib/liba.so", []),
    text("etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n"),
    text("etc/ld.so.conf.d/opt.conf", "# mine\n/opt/lib\n"),
  ];
  assertEquals(librariesOf(entries, { entrypoint }).missing, ["liba.so"]);
  entries.push(file("etc/ld.so.cache", 5));
  assertEquals(librariesOf(entries, { entrypoint }).missing, []);
});

Deno.test("libraries: musl's loader is its libc", () => {
  const interpreter = "/lib/ld-musl-x86_64.so.1";
  assertEquals(
    librariesOf([
      elf("app", ["libc.musl-x86_64.so.1", "libz.so.1"], { interpreter }),
      elf("lib/ld-musl-x86_64.so.1", []),
    ], { entrypoint }),
    { interpreter, libraries: ["libz.so.1"], missing: ["libz.so.1"] },
  );
});

Deno.test("libraries: a static program needs nothing", () => {
  assertEquals(librariesOf([elf("app", [])], { entrypoint }), {
    libraries: [],
    missing: [],
  });
});

Deno.test("libraries: a script needs its interpreter and what that needs", () => {
  const entries = [
    script("entry.sh", "/bin/sh"),
    elf("bin/sh", ["libc.so.6"], { interpreter: LOADER }),
  ];
  assertEquals(librariesOf(entries, { entrypoint: ["/entry.sh"] }), {
    interpreter: LOADER,
    libraries: ["libc.so.6"],
    missing: [LOADER, "libc.so.6"],
  });
  // What starts a script is a program, and no library.
  assertEquals(
    librariesOf(entries.slice(0, 1), { entrypoint: ["/entry.sh"] }),
    { libraries: [], missing: [], missingPrograms: ["/bin/sh"] },
  );
  const loop = [script("a", "/b"), script("b", "/a")];
  assertEquals(librariesOf(loop, { entrypoint: ["/a"] }).missing, []);
});

Deno.test("libraries: found on PATH, in the working folder, or as an argument", () => {
  const entries = [
    elf("opt/bin/app", ["lib1.so"]),
    elf("app/serve", ["lib2.so"]),
  ];
  const env = ["PATH=/usr/bin:/opt/bin"];
  assertEquals(librariesOf(entries, { cmd: ["app"], env }).missing, [
    "lib1.so",
  ]);
  assertEquals(librariesOf(entries, { cmd: ["app"] }).missingPrograms, ["app"]);
  assertEquals(
    librariesOf(entries, { cmd: ["./serve"], workingDir: "/app" }).missing,
    ["lib2.so"],
  );
  assertEquals(
    librariesOf(entries, {
      entrypoint: ["/opt/bin/app", "--"],
      cmd: ["/app/serve", "/etc"],
    }).missing,
    ["lib1.so", "lib2.so"],
  );
});

Deno.test("libraries: nothing is said of what was not looked into", () => {
  assertEquals(
    librariesOf([file("app", 9, { mode: 0o755 })], { entrypoint }),
    {},
  );
  assertEquals(librariesOf([], {}), {});
  assertEquals(librariesOf([], { entrypoint }), {
    libraries: [],
    missing: [],
    missingPrograms: ["/app"],
  });
});

Deno.test("libraries: of a split program, those that its runtime needs", () => {
  const found: Found = {
    elf: {
      machine: "amd64",
      needed: [],
      runpath: [],
      program: {
        bytes: 9,
        runtimePath: "/denort",
        runtimeBytes: 1,
        applicationBytes: 8,
        modules: [],
        npm: [],
        assets: [],
      },
    },
  };
  const program = file("app", 9, { mode: 0o755, found });
  const runtime = elf("denort", ["libc.so.6"], { interpreter: LOADER });
  assertEquals(librariesOf([...loader, program, runtime], { entrypoint }), {
    interpreter: LOADER,
    libraries: ["libc.so.6"],
    missing: ["libc.so.6"],
  });
  assertEquals(librariesOf([program], { entrypoint }).missingPrograms, [
    "/denort",
  ]);
});

Deno.test("libraries: a started program that cannot start is named, others are not", () => {
  const broken = (path: string, broken: "truncated" | "no payload") =>
    file(path, 9, {
      mode: 0o755,
      found: { elf: { machine: "amd64", needed: [], runpath: [], broken } },
    });
  const entries = [broken("app", "no payload"), broken("denort", "no payload")];
  assertEquals(librariesOf(entries, { entrypoint }).broken, [
    "/app: it is the Deno runtime without its program, as strip leaves a compiled one",
  ]);
});
