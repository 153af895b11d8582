import { assertEquals } from "@std/assert";
import { rootfs } from "../image/rootfs.ts";
import { image, layer, text } from "../../testing/image.ts";
import { debianPackages, parseDpkgStatus, parseOsRelease } from "./packages.ts";

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

Deno.test("debianPackages: those from dpkg and from distroless", () => {
  const stanza = (name: string, status: string) =>
    `Package: ${name}\nStatus: ${status}\nArchitecture: amd64\nVersion: 1:2.3-4+deb13u1\n`;
  const packages = debianPackages(rootfs(image([layer(
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
    packages.map(({ name, version, architecture }) =>
      `${name} ${version} ${architecture}`
    ),
    [
      "held 1:2.3-4+deb13u1 amd64",
      "tzdata 2025b all",
      "zlib1g 1:2.3-4+deb13u1 amd64",
    ],
  );
});
