import { generateKeyPairSync } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { encodeCommit, hashOfCommit, imageSubject } from '#libs/contracts';
import type { ImageEvent } from '#libs/domain';
import { anImage } from '#libs/testing';
import type { EventLog, Stored } from '../event-log.js';
import type { Finding } from '../finding.js';
import { jetStreamEventLog } from '../jetstream.js';
import { region, startRegion, type JetStreamRegion } from '../jetstream.suite.js';
import { verifyLog } from '../verify.js';
import { readDigests } from './digest-files.js';
import type { DigestPlace } from './digest-place.js';
import { makeDigest } from './make-digest.js';

type Message = Pick<Stored, 'subject' | 'bytes'>;
const ids = [1, 2, 3].map((number) => `00000000-0000-4000-8000-00000000000${number}`);
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const clock = () => new Date('2026-11-21T12:00:00Z');

/** Six commits of three images: 1 1 2 1 | 2 3. */
function commits(): Message[] {
  const heads = new Map<string, { version: number; hash: string }>();
  const tagged = (tag: string): ImageEvent[] => [{ type: 'ImageTagAdded', data: { tag } }];
  return ([[0, anImage()], [0, tagged('a')], [1, anImage()], [0, tagged('b')], [1, tagged('c')], [2, anImage()]] as const).map(([image, events]) => {
    const aggregateId = ids[image] ?? '';
    const { version, hash } = heads.get(aggregateId) ?? { version: 0, hash: '' };
    const bytes = encodeCommit({
      aggregateId, region, service: 'catalog', at: clock(), version: version + 1, prevHash: hash, commandId: `c${version}`, commandType: 'Test', requestId: 'r', actor: { userId: 'u', authMethod: 'token' }, events: [...events],
    });
    heads.set(aggregateId, { version: version + 1, hash: hashOfCommit(bytes) });
    return { subject: imageSubject(region, aggregateId), bytes };
  });
}

/** Somebody who may do anything with the stream makes it anew, of these messages. */
async function aLogOf(messages: readonly Message[], use: (log: EventLog, append: (message: Message) => Promise<void>) => Promise<void>): Promise<void> {
  const server: JetStreamRegion = await startRegion();
  try {
    const connection = await server.as('operator');
    const append = async ({ subject, bytes }: Message): Promise<void> => { await jetstream(connection).publish(subject, bytes); };
    for (const message of messages) await append(message);
    await use(await jetStreamEventLog(connection, { region }), append);
  } finally {
    await server.close();
  }
}

/** A place that is empty, and the directory in which its files lie: for who tampers with them. */
export interface PlaceToTry {
  readonly place: DigestPlace;
  readonly dir: string;
  end(): Promise<void>;
}

export const describeDigests = (kind: string, open: () => Promise<PlaceToTry>): void => describe(`Digests of the log, kept outside of it, in ${kind}`, () => {
  let tried: PlaceToTry;
  let place: DigestPlace;
  const all = commits();
  beforeAll(async () => {
    tried = await open();
    place = tried.place;
    await aLogOf(all.slice(0, 4), async (log, append) => {
      const make = () => makeDigest(log, { place, region, privateKey, clock });
      expect(await make()).toMatchObject({ outcome: 'written', sequence: 4 });
      expect(await make()).toEqual({ outcome: 'nothing-new' });
      for (const message of all.slice(4)) await append(message);
      expect(await make()).toMatchObject({ outcome: 'written', sequence: 6 });
      expect(await verified(log)).toEqual([]);
    });
  });
  afterAll(() => tried?.end());

  const digestsKept = async () => (await place.list(region)).filter((name) => name.endsWith('.json')).toSorted();
  const fileOf = (name: string) => join(tried.dir, name);

  async function verified(log: EventLog): Promise<string[]> {
    const { digests, faults } = await readDigests(place, region, publicKey);
    const findings: Finding[] = [];
    await verifyLog(log, { digests, onFinding: (finding) => findings.push(finding) });
    return [...faults.map(({ file, detail }) => `digest ${file}: ${detail}`), ...findings.map(({ kind, sequence, detail }) => `${kind} ${sequence}: ${detail}`)];
  }

  it('hold for the log as it goes on', async () => {
    await aLogOf(all, async (log) => { expect(await verified(log)).toEqual([]); });
  });

  it('name a flipped byte, also where no later commit could show it', async () => {
    const last = all[5] as Message;
    const flipped = Buffer.from(Buffer.from(last.bytes).toString().replace('"c0"', '"c1"'));
    await aLogOf([...all.slice(0, 5), { ...last, bytes: flipped }], async (log) => {
      expect(await verified(log)).toEqual(['altered 6: the digest of 2026-11-21T12:00:00.000Z signed another message here, of glance.RegionOne.image.00000000-0000-4000-8000-000000000003']);
    });
  });

  it('name a message that was removed', async () => {
    await aLogOf([...all.slice(0, 2), ...all.slice(3)], async (log) => {
      const findings = await verified(log);
      expect(findings).toContainEqual(expect.stringMatching(/^broken-chain 4: version 2 follows version 0: what stood between is gone$/));
      expect(findings).toContainEqual(expect.stringMatching(/^altered 3: the digest of .* signed another message here, of glance\.RegionOne\.image\.00000000-0000-4000-8000-000000000002$/));
      expect(findings).toContainEqual(expect.stringMatching(/^cut 6: /));
    });
  });

  it('name a tail that was cut, and one that was cut and grew again', async () => {
    await aLogOf(all.slice(0, 5), async (log, append) => {
      expect(await verified(log)).toEqual(['cut 6: the log ends at sequence 5, and the digest of 2026-11-21T12:00:00.000Z signed it up to sequence 6: its tail was cut']);
      const [first] = all as [Message];
      const other = Buffer.from(Buffer.from(first.bytes).toString().replaceAll(ids[0] ?? '', '00000000-0000-4000-8000-000000000009'));
      await append({ subject: imageSubject(region, '00000000-0000-4000-8000-000000000009'), bytes: other });
      expect(await verified(log)).toEqual([expect.stringMatching(/^altered 6: the digest of .* signed another message here/)]);
    });
  });

  it('name what somebody else appended, before it is signed; and a log with such faults is not signed', async () => {
    await aLogOf(all, async (log, append) => {
      await append({ subject: imageSubject(region, ids[0] ?? ''), bytes: all[1]?.bytes ?? Buffer.alloc(0) });
      expect(await verified(log)).toEqual([expect.stringMatching(/^foreign 7: version 2 comes a second time, after version 3 at sequence 4$/)]);
      expect(await makeDigest(log, { place, region, privateKey, clock })).toMatchObject({ outcome: 'refused', faults: 1 });
      expect(await digestsKept()).toHaveLength(2);
    });
  });

  it('are themselves held to their signatures and to one another', async () => {
    const [first, second] = await digestsKept() as [string, string];
    const was = await readFile(fileOf(second), 'utf8');
    await writeFile(fileOf(second), was.replace('"aggregates":3', '"aggregates":2'));
    expect((await readDigests(place, region, publicKey)).faults).toEqual([{ file: second, detail: 'it was altered, or not signed with this key' }]);
    await writeFile(fileOf(second), was);
    expect((await readDigests(place, region, generateKeyPairSync('ed25519').publicKey)).faults).toHaveLength(2);
    const old = await readFile(fileOf(first), 'utf8');
    await rm(fileOf(first));
    expect((await readDigests(place, region, publicKey)).faults).toEqual([{ file: second, detail: 'it names a digest before it, and that is missing' }]);
    await writeFile(fileOf(first), old);
    await writeFile(fileOf(second.replace('json', 'heads.gz')), 'x');
    expect((await readDigests(place, region, publicKey)).faults).toEqual([{ file: second, detail: 'its list of heads is missing, or was altered' }]);
  });
});
