import { assertEquals } from "@std/assert";
import { addDebian, addDenort } from "./builder_base.ts";
import {
  type Content,
  type NewEntry,
  readAll,
  readTar,
  TarWriter,
} from "./tar.ts";
import { zipMember } from "./zip_member.ts";

async function* program() {
  yield await Promise.resolve(new TextEncoder().encode("the runtime"));
}

for (
  const [architecture, target] of [
    ["amd64", "x86_64-unknown-linux-gnu"],
    ["arm64", "aarch64-unknown-linux-gnu"],
  ] as const
) {
  Deno.test(`addDenort() puts a download for ${architecture} where deno compile looks`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      {
        await using tar = new TarWriter(`${folder}/a.tar`);
        await addDenort(tar, program(), architecture);
        await tar.finish();
      }
      const { readable } = await Deno.open(`${folder}/a.tar`);
      const names: string[] = [];
      for await (const { header, body } of readTar(readable)) {
        names.push(header.path);
        await Deno.writeFile(`${folder}/a.zip`, await readAll(body));
      }
      assertEquals(names, [
        `deno-dir/dl/release/v2.6.10/denort-${target}.zip`,
      ]);
      const stream = await zipMember(`${folder}/a.zip`, "denort");
      assertEquals(await new Response(stream).text(), "the runtime");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

const mtime = 0;
const files: Record<string, string> = {
  "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
  "etc/group": "root:x:0:\n",
  "etc/shadow": "root:*:1::::::\n",
  "etc/gshadow": "root:*::\n",
  "etc/passwd-": "old\n",
  "etc/hostname": "machine\n",
  "etc/resolv.conf": "nameserver 192.0.2.1\n",
  "etc/apt/sources.list": "deb https://me:secret@mirror.test/ trixie main\n",
  "etc/apt/apt.conf.d/99mmdebstrap": 'Acquire::http::Proxy "x";\n',
  "etc/apt/apt.conf.d/70debconf": "kept\n",
  "usr/bin/sh": "binary",
  "var/lib/apt/lists/mirror_InRelease": "list",
  "var/log/dpkg.log": "log",
};

Deno.test("addDebian() adds the user and leaves the machine's own files out", async () => {
  const archive = await Deno.makeTempFile({ prefix: "bases-debian-" });
  const added = new Map<string, string>();
  const sink = {
    async add(entry: NewEntry, content?: Content) {
      let text = "";
      const decoder = new TextDecoder();
      if (content instanceof Uint8Array) text = decoder.decode(content);
      else {for await (const chunk of content ?? []) {
          text += decoder.decode(chunk);
        }}
      added.set(entry.path, text);
    },
  };
  try {
    {
      await using tar = new TarWriter(archive);
      const directory = { type: "directory", mode: 0o755, mtime } as const;
      for (const path of ["./", "./dev/", "./usr/", "./var/log/"]) {
        await tar.add({ path, ...directory });
      }
      await tar.add({
        path: "./dev/null",
        type: "character-device",
        mode: 0o666,
        mtime,
      });
      for (const [name, text] of Object.entries(files)) {
        const bytes = new TextEncoder().encode(text);
        await tar.add({ path: `./${name}`, mode: 0o644, mtime }, bytes);
      }
      await tar.finish();
    }
    using file = await Deno.open(archive);
    await addDebian(sink, file.readable, new Set(["usr/"]));
  } finally {
    await Deno.remove(archive);
  }
  assertEquals(Object.fromEntries(added), {
    "dev/": "",
    "var/log/": "",
    "etc/passwd":
      "root:x:0:0::/root:/bin/sh\ndeno:x:1993:1993::/home/deno:/bin/sh\n",
    "etc/group": "root:x:0:\ndeno:x:1993:\n",
    "etc/shadow": "root:*:1::::::\ndeno:!:20000::::::\n",
    "etc/gshadow": "root:*::\ndeno:!::\n",
    "etc/apt/sources.list": "deb https://mirror.test/ trixie main\n",
    "etc/apt/apt.conf.d/70debconf": "kept\n",
    "usr/bin/sh": "binary",
  });
});
