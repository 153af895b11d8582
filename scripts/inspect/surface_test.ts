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
import { capabilityText, surface } from "./surface.ts";

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
