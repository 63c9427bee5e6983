import { readdirSync, readFileSync } from 'node:fs';
import { decodeCommit, encodeCommit, hashOfCommit, imageEventSchemas, type Commit } from '#libs/contracts';
import type { ImageEvent } from '#libs/domain';

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
