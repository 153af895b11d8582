/**
 * Bytes of a pipe to lines of text, as they arrive. Lines are shown on
 * terminals, so control sequences are taken out; a line without an end is cut.
 *
 * @module
 */
import { stripVTControlCharacters } from "node:util";

/** Longest line that is passed on whole, in UTF-16 code units. */
const LONGEST = 64 * 1024;

/**
 * Calls back with each line of a stream of UTF-8, without its line end.
 *
 * @param stream The bytes; read to the end, or until it is cancelled.
 * @param onLine Called in order, also for a last line without an end.
 */
export async function lines(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  const take = (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) onLine(clean(part));
    while (rest.length > LONGEST) {
      onLine(clean(rest.slice(0, LONGEST)));
      rest = rest.slice(LONGEST);
    }
  };
  for await (const chunk of stream) {
    take(decoder.decode(chunk, { stream: true }));
  }
  take(decoder.decode());
  if (rest !== "") onLine(clean(rest));
}

/** A progress bar redraws its line with `\r`: what it drew last counts. */
function clean(line: string): string {
  const plain = line.includes("\x1b") ? stripVTControlCharacters(line) : line;
  const text = plain.replace(/\r+$/, "");
  return text.slice(text.lastIndexOf("\r") + 1);
}
