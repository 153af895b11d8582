import { assertEquals } from "@std/assert";
import {
  formatBytes,
  formatDuration,
  formatLimit,
  formatRatio,
  formatShare,
  printable,
} from "./format.ts";

Deno.test("formatBytes() uses decimal units and three significant digits at most", () => {
  assertEquals(
    [
      0,
      999,
      1_500,
      29_300_000,
      99_940_000,
      99_960_000,
      427_100_000,
      1_110_000_000,
    ]
      .map(formatBytes),
    [
      "0 B",
      "999 B",
      "1.5 kB",
      "29.3 MB",
      "99.9 MB",
      "100 MB",
      "427 MB",
      "1.1 GB",
    ],
  );
});

Deno.test("formatDuration() picks the unit that suits", () => {
  assertEquals(
    [0, 9.94, 84.4, 999.4, 999.6, 3_210, 59_940, 59_960, 125_000].map(
      formatDuration,
    ),
    [
      "0.0 ms",
      "9.9 ms",
      "84 ms",
      "999 ms",
      "1.0 s",
      "3.2 s",
      "59.9 s",
      "1 min 0 s",
      "2 min 5 s",
    ],
  );
});

Deno.test("formatShare() never shows something as nothing", () => {
  assertEquals(
    [
      formatShare(1, 8),
      formatShare(0, 8),
      formatShare(1, 0),
      formatShare(1, 1e6),
    ],
    ["12.5 %", "0 %", "0 %", "<0.1 %"],
  );
});

Deno.test("formatRatio() compares both ways", () => {
  assertEquals(
    [
      formatRatio(100, 350),
      formatRatio(200, 100),
      formatRatio(5, 5),
      formatRatio(1001, 1000),
    ],
    ["3.5× smaller", "2.0× larger", "same", "same"],
  );
});

Deno.test("formatLimit() follows the rule's unit", () => {
  assertEquals(
    [
      formatLimit(1e6, "bytes"),
      formatLimit(84, "milliseconds"),
      formatLimit(2, "count"),
    ],
    ["1 MB", "84 ms", "2"],
  );
  assertEquals(formatLimit(false, "fact"), "no");
});

Deno.test("printable() escapes what would move a cursor or turn text around", () => {
  assertEquals(printable("a\x1b[31m\n\u202eb é"), "a\\x1b[31m\\n\\u202eb é");
});
