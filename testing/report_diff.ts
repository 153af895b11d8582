/**
 * A comparison of two images for the tests; invented figures that add up.
 *
 * @module
 */
import type { ImageDiff, PathChange } from "../scripts/inspect/diff_images.ts";

type State = NonNullable<PathChange["before"]>;

const digest = (id: number) => `sha256:${String(id).padStart(64, "0")}`;

const side = (reference: string, bytes: number, files: number) => ({
  reference,
  id: digest(files),
  architecture: "amd64",
  sizeBytes: bytes,
  rootfs: { bytes, files },
});

const file = (bytes: number, mode = 0o644): State => ({
  type: "file",
  bytes,
  mode,
  uid: 0,
  gid: 0,
});

/** Two images that differ in everything that can differ. */
export function fixtureDiff(): ImageDiff {
  return {
    schemaVersion: 1,
    before: side("hello:1", 3_000_000, 3),
    after: side("hello:2", 4_500_000, 3),
    bytes: 1_500_000,
    sizeBytes: 1_500_000,
    added: 1,
    removed: 1,
    changed: 2,
    paths: [
      {
        path: "/app/main.js",
        kind: "changed",
        changes: ["content", "mode"],
        bytes: 500_000,
        before: file(1_000_000),
        after: file(1_500_000, 0o755),
      },
      {
        path: "/app/new.js",
        kind: "added",
        changes: [],
        bytes: 2_000_000,
        after: file(2_000_000),
      },
      {
        path: "/etc/link",
        kind: "changed",
        changes: ["owner", "link"],
        bytes: 0,
        before: { ...file(0), type: "symlink", mode: 0o777, link: "a" },
        after: {
          ...file(0),
          type: "symlink",
          mode: 0o777,
          uid: 1000,
          link: "b",
        },
      },
      {
        path: "/old\x1b[2J.js",
        kind: "removed",
        changes: [],
        bytes: -1_000_000,
        before: file(1_000_000),
      },
    ],
    directories: [
      { path: "/", bytes: 1_500_000, added: 1, removed: 1, changed: 2 },
      { path: "/app", bytes: 2_500_000, added: 1, removed: 0, changed: 1 },
      { path: "/etc", bytes: 0, added: 0, removed: 0, changed: 1 },
    ],
    config: [
      { name: "user", before: "root", after: "65532" },
      { name: "env LANG", after: "C.UTF-8" },
    ],
    packages: [{ name: "libc6", before: "2.41-1", after: "2.41-2" }],
    layers: {
      shared: [digest(1)],
      added: [{
        digest: digest(2),
        instruction: "COPY app /app",
        sizeBytes: 3_500_000,
      }],
      removed: [{ digest: digest(3), instruction: "", sizeBytes: 2_000_000 }],
    },
  };
}

/** An image compared with itself. */
export function sameDiff(): ImageDiff {
  const same = side("hello:1", 3_000_000, 3);
  return {
    schemaVersion: 1,
    before: same,
    after: same,
    bytes: 0,
    sizeBytes: 0,
    added: 0,
    removed: 0,
    changed: 0,
    paths: [],
    directories: [],
    config: [],
    packages: [],
    layers: { shared: [digest(1)], added: [], removed: [] },
  };
}
