import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { region, startRegion, type JetStreamRegion } from './jetstream.suite.js';
import { keepSealedTokens, sealedTokenDrop, sealedTokens, type SealedTokenDrop, type SealedTokens } from './sealed-tokens.js';

let running: JetStreamRegion;
let drop: SealedTokenDrop;
let tokens: SealedTokens;
const stop = new AbortController();
const inAnHour = () => new Date(Date.now() + 3600_000);
const sealed = '1900000000000.the-sealed-form-of-a-token';

beforeAll(async () => {
  running = await startRegion({ durable: true });
  const federation = await running.as('federation');
  await keepSealedTokens(federation, region, stop.signal);
  tokens = await sealedTokens(federation, { region });
  drop = sealedTokenDrop(await running.as('gateway'), { region });
});
afterAll(async () => {
  stop.abort();
  await running.close();
});

async function until<Value>(ask: () => Promise<Value>, holds: (value: Value) => boolean): Promise<Value> {
  for (const deadline = Date.now() + 60_000; ;) {
    const value = await ask();
    if (holds(value)) return value;
    if (Date.now() > deadline) throw new Error(`still ${String(value)}`);
    await pause(50);
  }
}

async function everythingBelow(dir: string): Promise<Buffer> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return Buffer.concat(await Promise.all(entries.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name)))));
}

describe('Sealed tokens', () => {
  it('are left by the gateway, picked up by federation as often as it needs them, and removed by it', async () => {
    const importId = randomUUID();
    await drop.put(importId, sealed, inAnHour());
    expect([await tokens.get(importId), await tokens.get(importId)]).toEqual([sealed, sealed]);
    await tokens.remove(importId);
    expect(await tokens.get(importId)).toBeUndefined();
    await tokens.remove(importId);
  });

  it('are taken back where no import came of them', async () => {
    const importId = randomUUID();
    await drop.put(importId, sealed, inAnHour());
    await drop.withdraw(importId);
    expect(await tokens.get(importId)).toBeUndefined();
  });

  it('are gone when they have expired', async () => {
    const importId = randomUUID();
    await drop.put(importId, sealed, new Date(Date.now() + 1000));
    expect(await tokens.get(importId)).toBe(sealed);
    expect(await until(() => tokens.get(importId), (found) => found === undefined)).toBeUndefined();
  });

  it('lie on no disk, and are forgotten with a server that restarts; then others can be left', async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    await drop.put(first, sealed, inAnHour());
    expect((await everythingBelow(running.stack.dir)).includes(sealed)).toBe(false);
    await running.stack.nats.kill();
    running.stack.nats = await running.stack.nats.restart();
    expect(await until(() => tokens.get(first).catch(() => 'away'), (found) => found !== 'away')).toBeUndefined();
    await until(() => drop.put(second, sealed, inAnHour()).then(() => true, () => false), (isPut) => isPut);
    expect(await tokens.get(second)).toBe(sealed);
    expect((await everythingBelow(running.stack.dir)).includes(sealed)).toBe(false);
  });

  it('cannot be read by the gateway nor left by federation', async () => {
    const [gateway, federation] = [await running.as('gateway'), await running.as('federation')];
    const importId = randomUUID();
    await drop.put(importId, sealed, inAnHour());
    await expect(sealedTokens(gateway, { region }).then((own) => own.get(importId))).rejects.toBeDefined();
    await expect(sealedTokenDrop(federation, { region }).put(importId, 'forged', inAnHour())).rejects.toBeDefined();
    expect(await tokens.get(importId)).toBe(sealed);
  });

  it('of the other kind are the query of a URI, which the importer alone picks up', async () => {
    const importer = await running.as('importer');
    await keepSealedTokens(importer, region, stop.signal, 'query');
    const importId = randomUUID();
    await sealedTokenDrop(await running.as('gateway'), { region, kind: 'query' }).put(importId, sealed, inAnHour());
    const queries = await sealedTokens(importer, { region, kind: 'query' });
    expect([await queries.get(importId), await tokens.get(importId)]).toEqual([sealed, undefined]);
    await expect(sealedTokens(await running.as('federation'), { region, kind: 'query' }).then((others) => others.get(importId))).rejects.toBeDefined();
    await expect(sealedTokens(importer, { region }).then((others) => others.get(importId))).rejects.toBeDefined();
    expect((await everythingBelow(running.stack.dir)).includes(sealed)).toBe(false);
    await queries.remove(importId);
    expect(await queries.get(importId)).toBeUndefined();
  });
});
