import { assertEquals } from "@std/assert";
import type { Entry, ImageConfig } from "../image/model.ts";
import {
  directory,
  file,
  hardlink,
  image,
  layer,
  symlink,
  text,
} from "../../testing/image.ts";
import { rootfs } from "../image/rootfs.ts";
import type { Found } from "./probe.ts";
import {
  capabilityText,
  libraries,
  startedPrograms,
  surface,
} from "./surface.ts";

function surfaceOf(entries: Entry[], config?: Partial<ImageConfig>) {
  const tested = image([layer("", ...entries)], config);
  return surface(tested, rootfs(tested));
}

const program = (path: string, mode = 0o755) => file(path, 9, { mode });

Deno.test("surface: nothing in an empty image but root", () => {
  assertEquals(surfaceOf([]), {
    runsAsRoot: true,
    shells: [],
    packageManagers: [],
    setuid: [],
    setgid: [],
    worldWritable: [],
    debianPackages: [],
    certificates: false,
    timeZones: false,
  });
});

Deno.test("surface: who the image runs as", () => {
  const passwd = text(
    "etc/passwd",
    "root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:\nnonroot:x:65532:65532::/:\n" +
      "broken\nodd:x:abc:0::/:\nempty:x::0::/:\nplus:x:+0:0::/:\n" +
      "  spaced:x:7:7::/:\ntwice:x:5:5::/:\ntwice:x:0:0::/:\n9:x:0:9::/:\n",
  );
  // What docker 20.10 started: it takes an account without an id for id 0.
  const cases: [string, boolean][] = [
    ["", true],
    ["0", true],
    ["00", true],
    ["0:65532", true],
    [":0", true],
    ["root", true],
    ["root:nonroot", true],
    ["toor", true],
    ["nonroot", false],
    ["65532", false],
    ["65532:0", false],
    ["+0", true],
    ["-0:5", true],
    ["+1000", false],
    ["0x0", false],
    ["broken", true],
    ["odd", true],
    ["empty", true],
    ["plus", true],
    ["spaced", false],
    ["twice", false],
    ["9", false],
    ["unknown", false],
  ];
  for (const [user, expected] of cases) {
    assertEquals(surfaceOf([passwd], { user }).runsAsRoot, expected, user);
  }
  assertEquals(surfaceOf([], { user: "root" }).runsAsRoot, true);
  const renamed = text("etc/passwd", "root:x:7:7::/:");
  assertEquals(surfaceOf([renamed], { user: "root" }).runsAsRoot, false);
});

Deno.test("surface: shells are executable, or lead to what is", () => {
  const { shells } = surfaceOf([
    symlink("bin", "usr/bin"),
    program("usr/bin/dash"),
    symlink("usr/bin/sh", "dash"),
    symlink("usr/bin/bash", "gone"),
    symlink("usr/bin/zsh", "zsh"),
    file("usr/bin/fish", 9),
    hardlink("usr/local/bin/ash", "usr/bin/dash"),
    directory("opt/bin/ksh"),
    program("usr/share/doc/sh"),
    program("app/node_modules/x/bin/sh"),
  ]);
  assertEquals(shells, ["/usr/bin/dash", "/usr/bin/sh", "/usr/local/bin/ash"]);
});

Deno.test("surface: busybox is a shell, wherever it is kept", () => {
  const { shells } = surfaceOf([
    program("busybox/busybox"),
    hardlink("busybox/sh", "busybox/busybox"),
  ]);
  assertEquals(shells, ["/busybox/busybox", "/busybox/sh"]);
});

Deno.test("surface: shells that etc/shells names, once each", () => {
  const { shells } = surfaceOf([
    symlink("bin", "usr/bin"),
    program("usr/bin/dash"),
    program("usr/bin/tmux"),
    program("usr/sbin/nologin"),
    text(
      "etc/shells",
      "# shells\n/bin/dash\n/usr/bin/dash\n/usr/bin/tmux # odd\n/bin/gone\n/usr/sbin/nologin\nrelative\n",
    ),
  ]);
  assertEquals(shells, ["/usr/bin/dash", "/usr/bin/tmux"]);
});

Deno.test("surface: shells on a PATH of the image's own", () => {
  const env = ["PATH=/tools:/usr/bin"];
  assertEquals(surfaceOf([program("tools/sh")], { env }).shells, ["/tools/sh"]);
  assertEquals(surfaceOf([program("tools/sh")]).shells, []);
});

Deno.test("surface: package managers", () => {
  const { packageManagers } = surfaceOf([
    program("usr/bin/apt-get"),
    program("usr/bin/dpkg"),
    program("sbin/apk"),
    program("usr/local/lib/node_modules/npm/bin/npm-cli.js"),
    symlink("usr/local/bin/npm", "../lib/node_modules/npm/bin/npm-cli.js"),
    program("usr/bin/aptly"),
    program("var/lib/dpkg"),
  ]);
  assertEquals(packageManagers, [
    "/sbin/apk",
    "/usr/bin/apt-get",
    "/usr/bin/dpkg",
    "/usr/local/bin/npm",
  ]);
});

Deno.test("surface: setuid and setgid files, under each name; folders are not", () => {
  const { setuid, setgid } = surfaceOf([
    program("usr/bin/su", 0o4755),
    hardlink("usr/bin/also", "usr/bin/su"),
    program("usr/bin/wall", 0o2755),
    program("usr/bin/both", 0o6755),
    directory("var/mail", { mode: 0o2775 }),
  ]);
  assertEquals(setuid, ["/usr/bin/also", "/usr/bin/both", "/usr/bin/su"]);
  assertEquals(setgid, ["/usr/bin/both", "/usr/bin/wall"]);
});

Deno.test("surface: world-writable paths", () => {
  const { worldWritable } = surfaceOf([
    directory("tmp", { mode: 0o1777 }),
    directory("open", { mode: 0o777 }),
    file("app/config", 1, { mode: 0o666 }),
    file("app/fine", 1, { mode: 0o664 }),
    symlink("link", "app/fine"),
    { ...file("dev/null", 0), type: "character-device", mode: 0o666 },
    { ...file("run/pipe", 0), type: "fifo", mode: 0o622 },
  ]);
  assertEquals(worldWritable, ["/app/config", "/open", "/run/pipe"]);
});

Deno.test("surface: certificates and time zones, if there is something in them", () => {
  assertEquals(
    surfaceOf([
      symlink("etc/ssl/cert.pem", "certs/ca-certificates.crt"),
      file("etc/ssl/certs/ca-certificates.crt", 200_000),
    ]).certificates,
    true,
  );
  const empty = surfaceOf([
    file("etc/ssl/certs/ca-certificates.crt", 0),
    directory("usr/share/zoneinfo"),
  ]);
  assertEquals([empty.certificates, empty.timeZones], [false, false]);
  assertEquals(
    surfaceOf([file("usr/share/zoneinfo/UTC", 114)]).timeZones,
    true,
  );
});

// The attribute that setcap 2.66 wrote, and what getcap printed.
const SETCAP = [
  ["0100000200040000000000000000000000000000", "cap_net_bind_service=ep"],
  ["0000000200200000000000000000000000000000", "cap_net_raw=p"],
  ["0100000200002000000020008000000080000000", "cap_sys_admin,cap_bpf=eip"],
  ["0000000200000000000020000000000000000000", "cap_sys_admin=i"],
  ["0100000200000000000020000000000000000000", "cap_sys_admin=ei"],
  ["0000000200000000000000000001000000010000", "cap_checkpoint_restore=ip"],
];

Deno.test("capabilityText() prints what getcap does", () => {
  for (const [hex, text] of SETCAP) assertEquals(capabilityText(hex), text);
  // Several groups, and all of them, as setcap takes them.
  assertEquals(
    capabilityText("0000000200200000000020000000000000000000"),
    "cap_net_raw=p cap_sys_admin=i",
  );
  assertEquals(
    capabilityText("01000002ffffffff00000000ff01000000000000"),
    "all=ep",
  );
  // Revision 1 has one word for each set; 3 has the id of an owner behind them.
  assertEquals(capabilityText("010000010020000000000000"), "cap_net_raw=ep");
  assertEquals(
    capabilityText("010000030020000000000000000000000000000007000000"),
    "cap_net_raw=ep",
  );
  for (const none of ["", "01000002", "0100000200000000"]) {
    assertEquals(capabilityText(none), "");
  }
});

Deno.test("surface: file capabilities, of files alone", () => {
  const capabilities = "0100000200002000000000000000000000000000";
  assertEquals(
    surfaceOf([
      file("bin/x", 1, { capabilities }),
      directory("d", { capabilities }),
    ]).capabilities,
    ["/bin/x cap_sys_admin=ep"],
  );
});

Deno.test("surface: packages of Alpine, and databases that are not read", () => {
  const found = surfaceOf([
    text("lib/apk/db/installed", "P:musl\nV:1.2.5-r0\nA:x86_64\n"),
    file("var/lib/rpm/rpmdb.sqlite", 9),
  ]);
  assertEquals(found.alpinePackages, [
    { name: "musl", version: "1.2.5-r0", architecture: "x86_64" },
  ]);
  assertEquals(found.unreadPackages, ["/var/lib/rpm/rpmdb.sqlite (RPM)"]);
});

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

Deno.test("startedPrograms() looks into the folders that engines set without a PATH", () => {
  for (const folder of ["sbin", "bin"]) {
    for (const parent of ["", "usr/", "usr/local/"]) {
      const path = `${parent}${folder}/app`;
      const tested = image([layer("", program(path))], { cmd: ["app"] });
      const [{ resolved }] = startedPrograms(tested, rootfs(tested));
      assertEquals(resolved?.path, path);
    }
  }
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
