import { createHash, type Hash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { HashAnswer, HashRequest, SignatureToCheck } from './hash.worker.js';
import type { Slab } from './slabs.js';

/** What `hashing_algorithm` may be: Glance's names, which are Python's, and what Node calls the same hash. */
const nodeNames = {
  md5: 'md5', sha1: 'sha1', sha224: 'sha224', sha256: 'sha256', sha384: 'sha384', sha512: 'sha512',
  sha3_224: 'sha3-224', sha3_256: 'sha3-256', sha3_384: 'sha3-384', sha3_512: 'sha3-512', blake2b: 'blake2b512', blake2s: 'blake2s256',
} as const;
export type OsHashAlgo = keyof typeof nodeNames;
export const osHashAlgos = Object.keys(nodeNames) as readonly OsHashAlgo[];
export const isOsHashAlgo = (name: string): name is OsHashAlgo => Object.hasOwn(nodeNames, name);
/** A hash on this thread, for what passes seldom or slowly. */
export const hashHere = (algo: OsHashAlgo): Hash => createHash(nodeNames[algo]);
/** How many hexadecimal digits a hash has. */
export const hexLengthOf = (algo: OsHashAlgo): number => createHash(nodeNames[algo]).digest('hex').length;

/** One hash that runs on another thread. Updates are hashed in the order of the calls. */
export interface RunningHash {
  /** Resolves when the first `lengthBytes` of the slab are hashed; it must not change before. */
  update(slab: Slab, lengthBytes: number): Promise<void>;
  /** The hash of all updates in lower-case hex. Ends the hash. */
  digest(): Promise<string>;
  /** Ends the hash without a result. Harmless after `digest`. */
  drop(): void;
}

export interface HashThreads {
  /** Starts several hashes over the same bytes, each on a thread of its own as far as there are threads. A signature is checked as one of them,
   *  and its digest is `valid` or `invalid`. */
  start(algorithms: readonly (OsHashAlgo | SignatureToCheck)[]): RunningHash[];
  /** Ends the threads; what is still running fails. */
  close(): Promise<void>;
}

interface Waiting { resolve(answer: HashAnswer): void; reject(error: unknown): void }
interface Thread { readonly worker: Worker; readonly waiting: Map<number, Waiting[]>; running: number; unanswered: number; death?: Error }

/** A few threads that all uploads of a process share. A thread is started when it is first needed, does not keep the
 *  process alive while it has nothing to do, and is replaced when it dies: only the uploads it was hashing fail. */
export function hashThreads(count = Math.min(8, Math.max(2, availableParallelism()))): HashThreads {
  const threads: Thread[] = [];
  let lastHashId = 0;

  const begin = (): Thread => {
    const thread = startThread((dead) => { threads.splice(threads.indexOf(dead), 1); });
    threads.push(thread);
    return thread;
  };
  const leastBusy = (avoided: readonly Thread[]): Thread => {
    const candidates = threads.filter((thread) => !avoided.includes(thread)).sort((a, b) => a.running - b.running);
    const idle = candidates.find((thread) => thread.running === 0);
    return idle ?? (threads.length < count ? begin() : (candidates[0] ?? threads[0] ?? begin()));
  };

  return {
    start(algorithms) {
      const taken: Thread[] = [];
      return algorithms.map((algorithm) => {
        const thread = leastBusy(taken);
        taken.push(thread);
        lastHashId += 1;
        return startHash(thread, lastHashId, algorithm);
      });
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.worker.terminate()));
    },
  };
}

function startHash(thread: Thread, hashId: number, wanted: OsHashAlgo | SignatureToCheck): RunningHash {
  let isOver = false;
  const end = (): void => {
    isOver = true;
    thread.running -= 1;
  };
  thread.running += 1;
  const start = typeof wanted === 'string' ? { algorithm: nodeNames[wanted] } : { algorithm: wanted.hash, signature: wanted };
  thread.worker.postMessage({ hashId, do: 'start', ...start } satisfies HashRequest);
  return {
    async update(slab, lengthBytes) {
      await askThread(thread, { hashId, do: 'update', memory: slab.memory, lengthBytes });
    },
    async digest() {
      const answer = askThread(thread, { hashId, do: 'digest' });
      end();
      return (await answer).digest ?? '';
    },
    drop() {
      if (isOver) return;
      end();
      thread.worker.postMessage({ hashId, do: 'drop' } satisfies HashRequest);
    },
  };
}

/** The worker stands beside this file, under the same ending: compiled in production, as it is written in tests. */
const workerUrl = new URL(import.meta.url.endsWith('.ts') ? './hash.worker.ts' : './hash.worker.js', import.meta.url);

function startThread(onDeath: (thread: Thread) => void): Thread {
  const worker = new Worker(workerUrl, { name: 'hashing' });
  const thread: Thread = { worker, waiting: new Map(), running: 0, unanswered: 0 };
  let cause: unknown;
  worker.unref();
  worker.on('message', (answer: HashAnswer) => { settleOldest(thread, answer); });
  worker.on('error', (error) => { cause = error; });
  worker.on('exit', () => {
    onDeath(thread);
    const died = new Error('A hashing thread ended while it was needed.', { cause });
    for (const queue of thread.waiting.values()) queue.forEach(({ reject }) => { reject(died); });
    thread.death = died;
  });
  return thread;
}

function askThread(thread: Thread, request: HashRequest): Promise<HashAnswer> {
  if (thread.death) return Promise.reject(thread.death);
  const answer = new Promise<HashAnswer>((resolve, reject) => {
    const queue = thread.waiting.get(request.hashId) ?? [];
    queue.push({ resolve, reject });
    thread.waiting.set(request.hashId, queue);
  });
  thread.unanswered += 1;
  thread.worker.ref();
  thread.worker.postMessage(request);
  return answer;
}

function settleOldest(thread: Thread, answer: HashAnswer): void {
  const queue = thread.waiting.get(answer.hashId);
  const oldest = queue?.shift();
  if (queue?.length === 0) thread.waiting.delete(answer.hashId);
  thread.unanswered -= 1;
  if (thread.unanswered === 0) thread.worker.unref();
  oldest?.resolve(answer);
}
