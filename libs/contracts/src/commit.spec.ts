import { readdirSync, readFileSync } from 'node:fs';
import {
  commitsOf, decodeCommit, encodeCommit, hashOfCommit, imageEventSchemas, metadefCommits, metadefEventSchemas, namespaceToken, replicationCommits, replicationEventSchemas, type Commit,
} from '#libs/contracts';
import { metadefDecider, noNamespace, noReplication, replicationDecider, type ImageEvent, type ReplicationState } from '#libs/domain';

const fixtures = new URL('../test/v1/', import.meta.url);
const fixtureNames = readdirSync(fixtures).filter((name) => name.endsWith('.json'));

const commit: Commit = {
  aggregateId: '11111111-2222-4333-8444-555555555555', region: 'RegionOne', service: 'catalog', at: new Date('2026-01-01T00:00:00.000Z'),
  version: 2, prevHash: 'abc', commandId: '99999999-2222-4333-8444-555555555555', commandType: 'AddImageTag', requestId: 'req-1',
  actor: { userId: 'u', projectId: 'p', authMethod: 'password' },
  events: [{ type: 'ImageTagAdded', data: { tag: 'a' } }],
};

describe('The commit of an image', () => {
  it('reads back as it was written', () => {
    expect(decodeCommit(encodeCommit(commit))).toEqual(commit);
  });

  it('reads back with every optional field', () => {
    const full: Commit = { ...commit, requestHash: 'h', causationId: 'c', sealed: 's', actor: { ...commit.actor, domainId: 'd' } };
    expect(decodeCommit(encodeCommit(full))).toEqual(full);
  });

  it('is a CloudEvent in structured JSON', () => {
    expect(JSON.parse(Buffer.from(encodeCommit(commit)).toString())).toMatchObject({
      specversion: '1.0', id: `${commit.aggregateId}:${commit.commandId}`, source: '/heliograph/RegionOne/catalog',
      type: 'glance.image.commit.v1', subject: commit.aggregateId, time: '2026-01-01T00:00:00.000Z', datacontenttype: 'application/json',
    });
  });

  it('refuses to write an event that its schema does not know', () => {
    const wrong = { type: 'ImageTagAdded', data: { tag: 'a', colour: 'red' } } as unknown as ImageEvent;
    expect(() => encodeCommit({ ...commit, events: [wrong] })).toThrow(/colour/);
  });

  it('refuses to write a value of the wrong type', () => {
    const wrong = { type: 'ImageTagAdded', data: { tag: 7 } } as unknown as ImageEvent;
    expect(() => encodeCommit({ ...commit, events: [wrong] })).toThrow(/tag/);
  });

  it('refuses to read an event that it does not know', () => {
    const bytes = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(encodeCommit(commit)).toString()), data: { events: [{ type: 'ImageSold', v: 1, data: {} }] } }));
    expect(() => decodeCommit(bytes)).toThrow('unknown event ImageSold version 1');
  });

  it('refuses to read what is no commit', () => {
    expect(() => decodeCommit(Buffer.from('{"specversion":"1.0","type":"weather.changed"}'))).toThrow('not a commit of an image: weather.changed');
  });

  it.each(['__proto__', 'constructor'])('keeps a property that is named %s', (name) => {
    const properties = Object.fromEntries([[name, 'x']]);
    const odd: Commit = { ...commit, events: [{ type: 'ImageCreated', data: { visibility: 'shared', tags: [], properties } }] };
    const [event] = decodeCommit(encodeCommit(odd)).events;
    expect(Object.entries((event as Extract<ImageEvent, { type: 'ImageCreated' }>).data.properties)).toEqual([[name, 'x']]);
  });
});

describe('Events are for ever', () => {
  it('has a fixture of every event', () => {
    const seen = fixtureNames.flatMap((name) => decodeCommit(readFileSync(new URL(name, fixtures))).events.map(({ type }) => type));
    expect([...new Set(seen)].sort()).toEqual(Object.keys(imageEventSchemas).sort());
  });

  it.each(fixtureNames)('writes %s today exactly as it was written then', (name) => {
    const bytes = readFileSync(new URL(name, fixtures));
    expect(Buffer.from(encodeCommit(decodeCommit(bytes))).toString()).toBe(bytes.toString());
  });

  it('chains by the hash of the stored bytes', () => {
    expect(hashOfCommit(Buffer.from('heliograph'))).toBe('czM6piRzE8olnjQjTJZhAEzGi6unEvEWw_TS0W8SGnE');
  });
});

describe('Events of namespaces are for ever', () => {
  const folder = new URL('metadef/', fixtures);
  const files = readdirSync(folder).sort().map((name) => ({ name, bytes: readFileSync(new URL(name, folder)) }));

  it('has a fixture of every event', () => {
    const seen = files.flatMap(({ bytes }) => metadefCommits.decode(bytes).events.map(({ type }) => type));
    expect([...new Set(seen)].sort()).toEqual(Object.keys(metadefEventSchemas).sort());
  });

  it.each(files)('writes $name today exactly as it was written then', ({ bytes }) => {
    expect(Buffer.from(metadefCommits.encode(metadefCommits.decode(bytes))).toString()).toBe(bytes.toString());
  });

  it('folds each chain of them to its end, hash by hash', () => {
    const chains = new Map<string, string>();
    for (const { bytes } of files) {
      const commit = metadefCommits.decode(bytes);
      expect(commit.prevHash).toBe(chains.get(commit.aggregateId) ?? '');
      chains.set(commit.aggregateId, hashOfCommit(bytes));
    }
    const example = files.map(({ bytes }) => metadefCommits.decode(bytes)).filter(({ aggregateId }) => aggregateId === namespaceToken('OS::Compute::Example'));
    const state = example.flatMap(({ events }) => events).reduce((before, event) => metadefDecider.evolve(before, event, new Date(0)), noNamespace());
    expect(state).toEqual({ exists: false });
  });

  it('does not read a commit of one kind as one of another', () => {
    expect(() => decodeCommit(files[0]?.bytes ?? Buffer.alloc(0))).toThrow('not a commit of an image: glance.metadef.commit.v1');
    expect(() => metadefCommits.decode(encodeCommit(commit))).toThrow('not a commit of a namespace: glance.image.commit.v1');
    expect(() => commitsOf('import')).toThrow('nothing is known of commits of an import');
  });
});

describe('Events of replication are for ever', () => {
  const folder = new URL('policy/', fixtures);
  const files = readdirSync(folder).sort().map((name) => ({ name, bytes: readFileSync(new URL(name, folder)) }));

  it('has a fixture of every event', () => {
    const seen = files.flatMap(({ bytes }) => replicationCommits.decode(bytes).events.map(({ type }) => type));
    expect([...new Set(seen)].sort()).toEqual(Object.keys(replicationEventSchemas).sort());
  });

  it.each(files)('writes $name today exactly as it was written then', ({ bytes }) => {
    expect(Buffer.from(replicationCommits.encode(replicationCommits.decode(bytes))).toString()).toBe(bytes.toString());
  });

  it('folds the chain of a policy and of an execution, hash by hash', () => {
    const ends = new Map<string, { hash: string; state: ReplicationState }>();
    for (const { bytes } of files) {
      const { aggregateId, prevHash, events } = replicationCommits.decode(bytes);
      const { hash, state } = ends.get(aggregateId) ?? { hash: '', state: noReplication() };
      expect(prevHash).toBe(hash);
      ends.set(aggregateId, { hash: hashOfCommit(bytes), state: events.reduce((before, event) => replicationDecider.evolve(before, event, new Date(0)), state) });
    }
    expect([...ends.values()].map(({ state }) => state)).toMatchObject([{ exists: false, wasDeleted: true }, { kind: 'execution', status: 'succeeded' }, { kind: 'execution', status: 'cancelled' }]);
  });
});
