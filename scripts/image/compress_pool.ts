/**
 * The workers that compress, one for each core, shared by all layers and images.
 * They are there while something is to be done, so that they keep no process alive.
 *
 * @module
 */
import type { CompressAnswer, CompressTask } from "./compress_worker.ts";

interface Member {
  worker: Worker;
  /** Answers come in the order of the tasks. */
  waiting: PromiseWithResolvers<number>[];
}

let members: Member[] = [];
let users = 0;

/** Tasks for each worker beyond which no more should be given. */
const QUEUE = 2;

/** A user of the workers; the last one that is disposed of ends them. */
export class CompressPool implements Disposable {
  constructor() {
    if (users++ === 0) {
      members = Array.from({ length: navigator.hardwareConcurrency }, start);
    }
  }

  /**
   * Gives a task to a worker.
   *
   * @param member Which worker; the one with least to do if absent.
   * @returns The bytes that it added to the output.
   */
  run(task: CompressTask, member?: number): Promise<number> {
    const chosen = member !== undefined
      ? members[member % members.length]
      : members.reduce((least, each) =>
        each.waiting.length < least.waiting.length ? each : least
      );
    const answer = Promise.withResolvers<number>();
    chosen.waiting.push(answer);
    chosen.worker.postMessage(task, [task.bytes.buffer as ArrayBuffer]);
    return answer.promise;
  }

  /** Set while the workers have enough to do: resolves when a task is done. */
  get busy(): Promise<unknown> | undefined {
    const free = members.some(({ waiting }) => waiting.length < QUEUE);
    if (free) return undefined;
    return Promise.race(
      members.map(({ waiting }) => waiting[0].promise.catch(() => {})),
    );
  }

  [Symbol.dispose](): void {
    if (--users > 0) return;
    for (const { worker, waiting } of members) {
      worker.terminate();
      for (const { reject } of waiting) reject(new Error("worker ended"));
    }
    members = [];
  }
}

function start(): Member {
  const worker = new Worker(new URL("./compress_worker.ts", import.meta.url), {
    type: "module",
  });
  const waiting: Member["waiting"] = [];
  worker.onmessage = ({ data }: MessageEvent<CompressAnswer>) => {
    const first = waiting.shift();
    if ("bytes" in data) first?.resolve(data.bytes);
    else first?.reject(new Error(data.error));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    for (const { reject } of waiting.splice(0)) {
      reject(new Error(event.message));
    }
  };
  return { worker, waiting };
}
