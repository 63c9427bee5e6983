/**
 * The least that a plain Node server can do with an upload, for `npm run bench -- data`: `node bench-floor.mjs PORT FOLDER [hash] [write] [sync]`. It only
 * receives, and does what is named besides: md5 and sha512 of each chunk while it is in the cache of the processor, writes of a MiB that copy nothing, the
 * sync to the disk. No limit, no lease, no inspection, no second thread that hashes: whoever does more costs more. It speaks as much of the Image API as the kit asks.
 */
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { open, unlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [port, folder, ...steps] = process.argv.slice(2);
const sizes = new Map();
const fileOf = (id) => join(folder, `floor-${id}`);
const zeros = Buffer.alloc(2 ** 20);

const verbs = {
  async POST(_id, request, response) {
    request.resume();
    response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ id: randomUUID() }));
  },
  async PUT(id, request, response) {
    sizes.set(id, await receive(id, request));
    response.writeHead(204).end();
  },
  async GET(id, _request, response) {
    const size = sizes.get(id);
    response.writeHead(200, { 'content-length': size });
    for (let left = size; left > 0; left -= zeros.length) if (!response.write(zeros.subarray(0, left))) await once(response, 'drain');
    response.end();
  },
  async DELETE(id, _request, response) {
    if (steps.includes('write')) await unlink(fileOf(id));
    response.writeHead(204).end();
  },
};

async function receive(id, request) {
  const hashes = steps.includes('hash') ? [createHash('md5'), createHash('sha512')] : [];
  const file = steps.includes('write') ? await open(fileOf(id), 'wx') : undefined;
  let held = [];
  let heldBytes = 0;
  let size = 0;
  let writing = Promise.resolve();
  const write = () => {
    const chunks = held;
    [held, heldBytes] = [[], 0];
    const before = writing;
    writing = before.then(() => file?.writev(chunks)).then(() => { for (const { buffer, byteLength } of chunks) if (buffer.byteLength === byteLength) buffer.transfer(0); });
    return before;
  };
  request.on('data', (chunk) => {
    for (const hash of hashes) hash.update(chunk);
    size += chunk.byteLength;
    heldBytes += chunk.byteLength;
    held.push(chunk);
    if (heldBytes < 2 ** 20) return;
    request.pause();
    write().then(() => request.resume());
  });
  await once(request, 'end');
  await write();
  await writing;
  for (const hash of hashes) hash.digest('hex');
  if (steps.includes('sync')) await file.datasync();
  await file?.close();
  return size;
}

createServer({ requestTimeout: 0 }, (request, response) => {
  const [, , , id] = request.url.split('/');
  verbs[request.method](id, request, response).catch((error) => response.destroy(error));
}).listen(Number(port), '127.0.0.1', () => console.log('ready'));
