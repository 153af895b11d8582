import { assertEquals } from "@std/assert";
import { rootfs } from "../image/rootfs.ts";
import { image, layer, text } from "../../testing/image.ts";
import {
  packages,
  parseApkDatabase,
  parseDpkgStatus,
  parseOsRelease,
  unreadPackages,
} from "./packages.ts";

const STATUS = `Package: libc6
Status: install ok installed
Maintainer: GNU Libc Maintainers <a@b>
Architecture: amd64
Source: glibc (2.41-1)
Version: 2.41-1+b1
Depends: libgcc-s1, libidn2-0 (>= 2.0.5~) | libidn1:any,
 folded [amd64]
Description: a library
 depends: not a field

Package: gone
Status: deinstall ok config-files
Version: 1
`;

Deno.test("parseDpkgStatus: source, maintainer and what a package needs", () => {
  assertEquals(parseDpkgStatus(STATUS), [{
    type: "deb",
    name: "libc6",
    version: "2.41-1+b1",
    architecture: "amd64",
    source: { name: "glibc", version: "2.41-1" },
    maintainer: "GNU Libc Maintainers <a@b>",
    depends: [["libgcc-s1"], ["libidn2-0", "libidn1"], ["folded"]],
  }]);
});

Deno.test("parseOsRelease: quoted or not", () => {
  assertEquals(
    parseOsRelease(
      '# x\nID=debian\nVERSION_ID=\'13\'\nPRETTY_NAME="a \\"b\\""\n',
    ),
    { id: "debian", version: "13", name: 'a "b"' },
  );
  assertEquals(parseOsRelease("VERSION_ID=1"), undefined);
});

Deno.test("packages() reads those from dpkg and from distroless", () => {
  const stanza = (name: string, status: string) =>
    `Package: ${name}\nStatus: ${status}\nArchitecture: amd64\nVersion: 1:2.3-4+deb13u1\n`;
  const found = packages(rootfs(image([layer(
    "FROM debian",
    text(
      "var/lib/dpkg/status",
      [
        stanza("zlib1g", "install ok installed") +
        "Description: x\n Version: no\n .\n more\n",
        stanza("held", "hold ok installed"),
        stanza("gone", "deinstall ok config-files"),
        stanza("broken", "install reinstreq half-installed"),
        "Package: nameless-version\nStatus: install ok installed\n",
      ].join("\n"),
    ),
    text(
      "var/lib/dpkg/status.d/tzdata",
      "Package: tzdata\nVersion: 2025b\nArchitecture: all\n",
    ),
    text("var/lib/dpkg/status.d/tzdata.md5sums", "Package: no\nVersion: 1\n"),
  )])));
  assertEquals(
    found.map(({ name, version, architecture }) =>
      `${name} ${version} ${architecture}`
    ),
    [
      "held 1:2.3-4+deb13u1 amd64",
      "tzdata 2025b all",
      "zlib1g 1:2.3-4+deb13u1 amd64",
    ],
  );
});

Deno.test("parseDpkgStatus: installed while it waits for a trigger, and in no state before", () => {
  const stanza = (state: string) =>
    `Package: ${state.replace(/.* /, "")}\nStatus: ${state}\nVersion: 1\n`;
  const states = [
    ...["install ok installed", "hold ok installed", "deinstall ok installed"],
    ...["install ok triggers-pending", "install ok triggers-awaited"],
    ...["install ok unpacked", "install ok half-configured"],
    ...["install reinstreq half-installed", "install ok not-installed"],
    "deinstall ok config-files",
  ];
  assertEquals(
    parseDpkgStatus(states.map(stanza).join("\n")).map(({ name }) => name),
    [
      ...["installed", "installed", "installed"],
      ...["triggers-pending", "triggers-awaited"],
    ],
  );
});

const APK = `C:Q1FGSUbDpfDdWmfKGvkw/BevenRHQ=
P:sqlite-libs
V:3.26.0-r3
A:x86_64
L:Public-Domain
o:sqlite
m:A Maintainer <a@b>
D:so:libc.musl-x86_64.so.1 busybox>=1.2 !conflict /bin/sh
p:so:libsqlite3.so.0=0.8.6 cmd:sqlite3=3.26.0-r3
F:usr/lib
M:0:0:1777
R:libsqlite3.so.0
a:0:0:777
Z:Q1MZwGMEis9uc78EhxmxyozT2ZxZM=

P:nameless
`;

Deno.test("parseApkDatabase: source, licence, what a package needs and provides", () => {
  assertEquals(parseApkDatabase(APK), [{
    type: "apk",
    name: "sqlite-libs",
    version: "3.26.0-r3",
    architecture: "x86_64",
    source: { name: "sqlite", version: "3.26.0-r3" },
    maintainer: "A Maintainer <a@b>",
    license: "Public-Domain",
    provides: ["so:libsqlite3.so.0", "cmd:sqlite3"],
    depends: [["so:libc.musl-x86_64.so.1"], ["busybox"], ["/bin/sh"]],
  }]);
  assertEquals(parseApkDatabase(""), []);
});

Deno.test("unreadPackages() names the databases of RPM and pacman", () => {
  const files = [
    "var/lib/rpm/rpmdb.sqlite",
    "usr/lib/sysimage/rpm/Packages.db",
    "var/lib/rpm/Packages",
    "var/lib/pacman/local/ALPM_DB_VERSION",
    "srv/var/lib/rpm/Packages",
    "var/lib/rpm/Name",
  ].map((path) => text(path, "x"));
  assertEquals(unreadPackages(rootfs(image([layer("", ...files)]))), [
    "/usr/lib/sysimage/rpm/Packages.db (RPM)",
    "/var/lib/pacman/local/ALPM_DB_VERSION (pacman)",
    "/var/lib/rpm/Packages (RPM)",
    "/var/lib/rpm/rpmdb.sqlite (RPM)",
  ]);
});
