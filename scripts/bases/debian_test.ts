import { assertEquals, assertStringIncludes } from "@std/assert";
import { EXIT } from "../lib/errors.ts";
import {
  debianError,
  mirrorSources,
  networkOptions,
  withoutCredentials,
} from "./debian.ts";

const cases = [
  [
    "E: Failed to fetch http://mirror.test/x  Could not resolve 'mirror.test'",
    "mirror does not answer",
    "apt-get update",
  ],
  [
    "W: GPG error: http://mirror.test trixie InRelease: NO_PUBKEY 6ED0E7B82643E131\nE: Failed to fetch",
    "cannot check the signatures",
    "debian-archive-keyring",
  ],
  [
    "dpkg: error: cannot write: No space left on device",
    "no space left",
    "TMPDIR",
  ],
  ["E: have to be root", "may not make a root filesystem", "root"],
  ["E: something else", "mmdebstrap failed", "output"],
] as const;

for (const [output, reason, next] of cases) {
  Deno.test(`debianError() explains: ${reason}`, () => {
    const error = debianError(output);
    assertStringIncludes(error.message, reason);
    assertStringIncludes(error.next, next);
    assertEquals(error.output, output);
    assertEquals(error.exitCode, EXIT.environment);
  });
}

function target(fields: Record<string, string>): string {
  const all = {
    "Origin": "Debian",
    "Repo-URI": "https://mirror.test/debian/",
    "Release": "bookworm",
    "Sourcesentry": "/etc/apt/sources.list:1",
    "Signed-By": "$(SIGNED_BY)",
    ...fields,
  };
  return Object.values(all).join("\t") + "\n";
}

Deno.test("mirrorSources() keeps the mirror and its pockets, and changes the release", () => {
  const security = { "Repo-URI": "https://mirror.test/security/" };
  const text = [
    target({}),
    target({}),
    target({ "Release": "bookworm-updates" }),
    target({ "Release": "bookworm-backports" }),
    target({ "Release": "bookworm-security", ...security }),
  ].join("");
  assertEquals(mirrorSources(text), [
    "deb https://mirror.test/debian/ trixie main",
    "deb https://mirror.test/debian/ trixie-updates main",
    "deb https://mirror.test/security/ trixie-security main",
  ]);
});

Deno.test("mirrorSources() understands the older name of the security pocket", () => {
  const text = [target({}), target({ "Release": "buster/updates" })];
  assertEquals(
    mirrorSources(text.join(""))[1],
    "deb https://mirror.test/debian/ trixie-security main",
  );
});

Deno.test("mirrorSources() passes a key of the network's own, not Debian's", () => {
  const key = (path: string) => mirrorSources(target({ "Signed-By": path }));
  assertEquals(key("/etc/apt/keyrings/ours.gpg"), [
    "deb [signed-by=/etc/apt/keyrings/ours.gpg] https://mirror.test/debian/ trixie main",
  ]);
  for (
    const debians of [
      "/usr/share/keyrings/debian-archive-keyring.gpg",
      "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEX=\n",
    ]
  ) {
    assertEquals(key(debians), ["deb https://mirror.test/debian/ trixie main"]);
  }
});

Deno.test("mirrorSources() takes nothing that is not Debian's or not reachable by HTTP", () => {
  assertEquals(mirrorSources(target({ "Origin": "Ubuntu" })), []);
  assertEquals(mirrorSources(target({ "Repo-URI": "cdrom:[x]/" })), []);
  assertEquals(mirrorSources(target({ "Release": "bookworm-security" })), []);
  assertEquals(mirrorSources(""), []);
});

Deno.test("mirrorSources() trusts Debian's own files before the first update", () => {
  const unsigned = (source: string) =>
    mirrorSources(
      target({ "Origin": "$(ORIGIN)", "Sourcesentry": source }),
    ).length;
  assertEquals(unsigned("/etc/apt/sources.list:1"), 1);
  assertEquals(unsigned("/etc/apt/sources.list.d/debian.sources:1"), 1);
  assertEquals(unsigned("/etc/apt/sources.list.d/other.list:1"), 0);
});

Deno.test("networkOptions() chooses proxies and certificates, nothing else", () => {
  const dump = [
    "Acquire::AllowInsecureRepositories 0",
    "Acquire::http::Proxy http://proxy.test:3128",
    "Acquire::http::Proxy::mirror.test DIRECT",
    "Acquire::https::CaInfo /etc/ssl/ours.pem",
    "Acquire::http::User-Agent x",
    "Acquire::Retries 3",
    'Acquire::https::Proxy "quoted"',
  ].join("\n");
  assertEquals(networkOptions(dump), [
    'Acquire::http::Proxy "http://proxy.test:3128";',
    'Acquire::http::Proxy::mirror.test "DIRECT";',
    'Acquire::https::CaInfo "/etc/ssl/ours.pem";',
    'Acquire::Retries "3";',
  ]);
});

Deno.test("withoutCredentials() leaves no user or password in a URL", () => {
  assertEquals(
    withoutCredentials("deb https://me:secret@mirror.test/a@b trixie main\n"),
    "deb https://mirror.test/a@b trixie main\n",
  );
  const plain = "deb http://mirror.test/debian trixie main # a@b\n";
  assertEquals(withoutCredentials(plain), plain);
});
