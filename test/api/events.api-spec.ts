import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type NatsConnection } from 'nats';
import { auditDelivery, auditFilter, auditStreamName, imageEventSchemas, imageSubject, inboxPrefix } from '#libs/contracts';
import { eventTypes } from '../../packages/events-client/src/index.js';
import { startApi, type Api, type Person } from './harness.js';
import { callers } from './personas.js';

let api: Api;
let demo: Person;
let alt: Person;
let admin: Person;
const open: NatsConnection[] = [];
/** His token ends when a specification says so. */
const short = { ...callers.third, userId: 'user-short', expiresAt: new Date('2100-01-01') };
beforeAll(async () => {
  Object.assign(callers, { short });
  api = await startApi({
    'heliograph.event_listeners': '3', 'heliograph.event_listeners_per_project': '2',
    'heliograph.audit_key': 'what this gateway vouches for tenants with', 'heliograph.audit_consumers_per_project': '2',
  });
  [demo, alt, admin] = [api.as('demo'), api.as('alt'), api.as('admin')];
});
afterEach(async () => { await Promise.all(open.splice(0).map((connection) => connection.close())); });
afterAll(() => api.stop());

interface Event { readonly id: string; readonly type: string; readonly subject: string; readonly audience: string; readonly data: { readonly status: string; readonly name?: string; readonly changes: { name: string; from?: unknown; to?: unknown }[] }; readonly [name: string]: unknown }
interface Feed { readonly events: readonly Event[]; readonly cursor: string; readonly first: string; readonly next?: string }

const feed = async (person: Person, query = ''): Promise<Feed> => {
  const answer = await person.get(`/v2/events${query}`);
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return answer.json<Feed>();
};
const of = (id: string, { events }: Feed) => events.filter(({ subject }) => subject === id).map(({ type, audience }) => `${type} ${audience}`);
const change = (person: Person, id: string, ...operations: object[]) => person.patch(`/v2/images/${id}`, { body: operations });
const rename = (person: Person, id: string, name: string) => change(person, id, { op: 'replace', path: '/name', value: name });
const visible = (person: Person, id: string, visibility: string) => change(person, id, { op: 'replace', path: '/visibility', value: visibility });

async function until<Value>(ask: () => Value | undefined | false): Promise<Value> {
  for (const giveUpAt = Date.now() + 50_000; Date.now() < giveUpAt; await pause(30)) {
    const value = ask();
    if (value !== undefined && value !== false) return value;
  }
  throw new Error('it did not come to pass');
}

/** A client that listens, on a connection of its own. */
async function listen(query = '', { token = 'demo', lastEventId }: { token?: string; lastEventId?: string } = {}) {
  const request = httpRequest(`${api.url}/v2/events${query}`, {
    agent: false, headers: { 'x-auth-token': token, accept: 'text/event-stream', ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) },
  }).end();
  const [response] = await once(request, 'response') as [IncomingMessage];
  const heard = { text: '' };
  response.on('data', (chunk: Buffer) => { heard.text += chunk.toString(); });
  const ended = once(response, 'end').catch(() => undefined);
  response.on('error', () => {});
  const events = () => [...heard.text.matchAll(/^data: (\{"specversion.*)$/gm)].map(([, json]) => JSON.parse(json ?? '') as Event);
  return { status: response.statusCode, type: response.headers['content-type'], heard, events, ended, leave: () => { request.destroy(); } };
}

async function tenant(token: string, user = 'siem'): Promise<NatsConnection> {
  const connection = await connect({ servers: api.nats.url, user, pass: token, reconnect: false });
  open.push(connection);
  return connection;
}

/** Everything that a tenant's consumer delivers to him. */
async function listenInNats(token: string, user = 'siem', { projectId = token, hears = 'project' }: { projectId?: string; hears?: 'project' | 'public' } = {}) {
  const connection = await tenant(token, user);
  const name = user.replace(/^public\//, '').replace(/@.*$/, '');
  const heard: Event[] = [];
  const sequences: number[] = [];
  connection.subscribe(auditDelivery(api.nats.region, projectId, name, hears), {
    callback: (_, message) => {
      if (message.data.length === 0) return;
      heard.push(message.json<Event>());
      sequences.push(Number(message.reply?.split('.').at(-4)));
    },
  });
  await connection.flush().catch(() => undefined);
  return { connection, heard, sequences };
}

describe('List events: GET /v2/events', () => {
  it('tells the project what happened to its images, by whom and what changed, as soon as it was answered', async () => {
    const id = await demo.image({ name: 'told' });
    await rename(demo, id, 'told again');
    const { events } = await feed(demo, `?image_id=${id}`);
    expect(events.map(({ type }) => type)).toEqual(['ImageCreated', 'ImagePropertiesChanged']);
    expect(events[1]).toMatchObject({
      specversion: '1.0', subject: id, audience: 'owner', actorid: 'user-demo', actorprojectid: 'demo', version: 2, data: { status: 'queued', name: 'told again', changes: [{ name: 'name', from: 'told', to: 'told again' }] },
    });
    expect(JSON.stringify(events)).not.toContain('127.0.0.1');
  });

  it('comes in pages from any place on, and each page says where the next begins', async () => {
    const ids = [await demo.image(), await demo.image(), await demo.image()];
    const start = (await feed(demo, '?after=latest')).cursor;
    for (const id of ids) await rename(demo, id, 'paged');
    const first = await feed(demo, `?after=${start}&limit=2`);
    expect(first.events.map(({ subject }) => subject)).toEqual(ids.slice(0, 2));
    const second = await demo.get(first.next ?? '');
    expect(second.json<Feed>().events.map(({ subject }) => subject)).toEqual(ids.slice(2));
    expect(second.json<Feed>().next).toBeUndefined();
    expect((await feed(demo, `?after=${second.json<Feed>().cursor}`)).events).toEqual([]);
  });

  it('is filtered by image, type, actor and time, each and together', async () => {
    const id = await demo.image();
    await rename(demo, id, 'x');
    await demo.put(`/v2/images/${id}/tags/t`);
    await rename(admin, id, 'y');
    const types = async (query: string) => (await feed(demo, `?image_id=${id}${query}`)).events.map(({ type }) => type);
    expect(await types('&type=ImageTagAdded')).toEqual(['ImageTagAdded']);
    expect(await types('&type=in:ImageTagAdded,ImageCreated')).toEqual(['ImageCreated', 'ImageTagAdded']);
    expect(await types('&actor=user-admin')).toEqual(['ImagePropertiesChanged']);
    expect(await types('&actor=user-admin&type=ImageCreated')).toEqual([]);
    expect(await types('&since=2020-01-01')).toHaveLength(4);
    expect(await types('&until=2020-01-01')).toEqual([]);
    expect(await types('&since=2099-01-01')).toEqual([]);
    expect((await feed(demo, `?type=ImageTagAdded`)).events.every(({ type }) => type === 'ImageTagAdded')).toBe(true);
    expect((await feed(alt, `?image_id=${id}`)).events).toEqual([]);
  });

  it.each(['limit=0', 'after=x', 'after=1', 'image_id=x', 'since=soon', 'until=x', 'typ=ImageCreated', 'all_projects=perhaps', 'type=like:x'])('refuses %s', async (query) => {
    expect((await demo.get(`/v2/events?${query}`)).status).toBe(400);
  });

  it('shows nobody another project\'s feed, and administrators that of any project and of the region', async () => {
    const id = await demo.image();
    expect(of(id, await feed(alt))).toEqual([]);
    for (const query of ['?all_projects', '?project_id=demo', '?all_projects=true']) expect((await alt.get(`/v2/events${query}`)).status).toBe(403);
    expect(of(id, await feed(demo, '?project_id=demo'))).toEqual(['ImageCreated owner']);
    expect(of(id, await feed(admin, `?all_projects&image_id=${id}`))).toEqual(['ImageCreated owner']);
    expect(of(id, await feed(admin, '?project_id=demo&limit=1000'))).toEqual(['ImageCreated owner']);
    for (const person of ['nobody', 'systemAdmin'] as const) expect((await api.as(person).get('/v2/events')).status).toBe(403);
    expect(of(id, await feed(api.as('demoReader'), `?image_id=${id}`))).toEqual(['ImageCreated owner']);
  });

  it('tells a member of its own membership alone, also after it was withdrawn', async () => {
    const id = await demo.image({ visibility: 'shared', name: 'lent' });
    await demo.post(`/v2/images/${id}/members`, { body: { member: 'alt' } });
    await demo.post(`/v2/images/${id}/members`, { body: { member: 'third' } });
    await alt.put(`/v2/images/${id}/members/alt`, { body: { status: 'accepted' } });
    await rename(demo, id, 'lent still');
    await demo.delete(`/v2/images/${id}/members/alt`);
    await rename(demo, id, 'not lent to alt');
    const ofAlt = await feed(alt, `?image_id=${id}`);
    expect(of(id, ofAlt)).toEqual(['MemberAdded member', 'MemberAccepted member', 'MemberRemoved member']);
    expect(JSON.stringify(ofAlt.events)).not.toMatch(/lent|third|user-demo|"demo"/);
    expect(ofAlt.events.map(({ data }) => data.status)).toEqual(['pending', 'accepted', 'removed']);
  });

  it('shows the past of an image to today\'s owner, and to no other any more', async () => {
    const id = await demo.image({ name: 'of demo' });
    await change(admin, id, { op: 'replace', path: '/owner', value: 'alt' });
    await rename(alt, id, 'of alt');
    const [before, now] = [await feed(demo, `?image_id=${id}`), await feed(alt, `?image_id=${id}`)];
    expect(of(id, before)).toEqual(['ImagePropertiesChanged former']);
    expect(JSON.stringify(before.events)).not.toMatch(/alt|admin/);
    expect(of(id, now)).toEqual(['ImageCreated owner', 'ImagePropertiesChanged owner', 'ImagePropertiesChanged owner']);
    await alt.delete(`/v2/images/${id}`);
    expect(of(id, await feed(alt, `?image_id=${id}`)).at(-1)).toBe('ImageDeleted owner');
  });

  it('has no event that the client library does not know', () => {
    expect(eventTypes.toSorted()).toEqual(Object.keys(imageEventSchemas).toSorted());
  });

  it('obeys the operator\'s rules', async () => {
    await api.writePolicy({ get_events: 'role:auditor' });
    expect((await demo.get('/v2/events')).status).toBe(403);
    await api.writePolicy({ get_all_events: 'role:reader' });
    expect((await alt.get('/v2/events?project_id=demo')).status).toBe(200);
    await api.writePolicy({});
  });
});

describe('Listen to events: GET /v2/events with Accept: text/event-stream', () => {
  it('tells what happens from then on, as it happens', async () => {
    const before = await demo.image();
    const listener = await listen();
    expect([listener.status, listener.type]).toEqual([200, 'text/event-stream; charset=utf-8']);
    const id = await demo.image();
    const other = await alt.image();
    await rename(demo, id, 'heard');
    await until(() => listener.events().length >= 2);
    expect(listener.events().map(({ type, subject }) => [type, subject])).toEqual([['ImageCreated', id], ['ImagePropertiesChanged', id]]);
    expect(listener.heard.text).not.toContain(other);
    expect(listener.heard.text).not.toContain(before);
    listener.leave();
  });

  it('goes on after the last event that was heard, and misses nothing', async () => {
    const listener = await listen();
    const id = await demo.image();
    const [{ id: lastEventId }] = await until(() => listener.events().length > 0 && listener.events()) as [Event];
    listener.leave();
    for (const name of ['a', 'b', 'c']) await rename(demo, id, name);
    const again = await listen('', { lastEventId });
    await until(() => again.events().length >= 3);
    expect(again.events().map(({ data }) => data.changes[0]?.to)).toEqual(['a', 'b', 'c']);
    again.leave();
  });

  it('hears nothing more of an image that is unshared, changes its owner or is made private in mid-stream', async () => {
    const id = await demo.image({ visibility: 'shared' });
    const [ofDemo, ofAlt] = [await listen(`?image_id=${id}`), await listen('', { token: 'alt' })];
    await demo.post(`/v2/images/${id}/members`, { body: { member: 'alt' } });
    await demo.delete(`/v2/images/${id}/members/alt`);
    await rename(demo, id, 'after unsharing');
    await visible(demo, id, 'private');
    await change(admin, id, { op: 'replace', path: '/owner', value: 'third' });
    await rename(api.as('third'), id, 'of third');
    const last = await alt.image({ name: 'the end' });
    await until(() => ofAlt.events().some(({ subject }) => subject === last));
    await until(() => ofDemo.events().some(({ audience }) => audience === 'former'));
    expect(ofAlt.events().filter(({ subject }) => subject === id).map(({ type }) => type)).toEqual(['MemberAdded', 'MemberRemoved']);
    expect(ofAlt.heard.text).not.toMatch(/after unsharing|of third|"demo"/);
    expect(ofDemo.events().at(-1)).toMatchObject({ audience: 'former', data: { changes: [{ name: 'owner', from: 'demo' }] } });
    expect(ofDemo.heard.text).not.toMatch(/third/);
    ofDemo.leave();
    ofAlt.leave();
  });

  it('has a bounded number of seats, in all and for each project', async () => {
    await until(() => true);
    const taken = [await listen(), await listen()];
    const refused = await listen();
    expect([taken.map(({ status }) => status), refused.status]).toEqual([[200, 200], 429]);
    const third = await listen('', { token: 'alt' });
    expect([third.status, (await listen('', { token: 'third' })).status]).toEqual([200, 503]);
    for (const listener of [...taken, third]) listener.leave();
  });
});

describe('Tenants at the NATS server', () => {
  // The stream is there when the feed has begun.
  beforeAll(async () => {
    await demo.image();
    await demo.get('/v2/events');
  });

  it('hear their own events, from the oldest that is there on, and then as they happen', async () => {
    const before = await demo.image({ name: 'before' });
    const { heard } = await listenInNats('demo');
    const after = await demo.image({ name: 'after' });
    await until(() => heard.some(({ subject }) => subject === after));
    expect(heard.filter(({ subject }) => [before, after].includes(subject)).map(({ type, audience, data }) => [type, audience, data.name])).toEqual([
      ['ImageCreated', 'owner', 'before'], ['ImageCreated', 'owner', 'after'],
    ]);
  });

  it('go on after the message that they name, or with what is new', async () => {
    const first = await listenInNats('demo');
    const ids = [await demo.image(), await demo.image()];
    await until(() => first.heard.some(({ subject }) => subject === ids[1]));
    const at = first.sequences[first.heard.findIndex(({ subject }) => subject === ids[0])] ?? 0;
    await first.connection.close();
    const again = await listenInNats('demo', `siem@${at}`);
    await until(() => again.heard.length > 0);
    expect(again.heard.map(({ subject }) => subject)).toEqual([ids[1]]);
    const latest = await listenInNats('demo', 'other@latest');
    const id = await demo.image();
    await until(() => latest.heard.length > 0);
    expect(latest.heard.map(({ subject }) => subject)).toEqual([id]);
  });

  it('hear nothing of each other, though an image is unshared, changes its owner and is made private under way', async () => {
    const [ofDemo, ofAlt] = [await listenInNats('demo', 'siem@latest'), await listenInNats('alt', 'siem@latest')];
    const id = await demo.image({ visibility: 'shared', name: 'of demo' });
    await demo.post(`/v2/images/${id}/members`, { body: { member: 'alt' } });
    await demo.delete(`/v2/images/${id}/members/alt`);
    await rename(demo, id, 'after unsharing');
    await demo.patch(`/v2/images/${id}`, { body: [{ op: 'replace', path: '/visibility', value: 'private' }] });
    await admin.patch(`/v2/images/${id}`, { body: [{ op: 'replace', path: '/owner', value: 'alt' }] });
    await rename(alt, id, 'of alt');
    const [lastOfDemo, lastOfAlt] = [await demo.image(), await alt.image()];
    await until(() => ofDemo.heard.some(({ subject }) => subject === lastOfDemo) && ofAlt.heard.some(({ subject }) => subject === lastOfAlt));
    const told = ({ heard }: { heard: readonly Event[] }) => heard.filter(({ subject }) => subject === id).map(({ type, audience }) => `${type} ${audience}`);
    expect(told(ofAlt)).toEqual(['MemberAdded member', 'MemberRemoved member', 'ImagePropertiesChanged owner', 'ImagePropertiesChanged owner']);
    expect(JSON.stringify(ofAlt.heard.slice(0, 2))).not.toMatch(/demo/);
    expect(told(ofDemo)).toEqual(['ImageCreated owner', 'MemberAdded owner', 'MemberRemoved owner', 'ImagePropertiesChanged owner', 'ImageVisibilityChanged owner', 'ImagePropertiesChanged former']);
    expect(JSON.stringify(ofDemo.heard.filter(({ audience }) => audience === 'former'))).not.toMatch(/alt/);
    expect(JSON.stringify(ofDemo.heard)).not.toMatch(/of alt/);
  });

  it('hear of public images, whosever they are, where they ask for it', async () => {
    const { heard } = await listenInNats('alt', 'public/siem@latest', { hears: 'public' });
    const id = await admin.image({ visibility: 'public', name: 'for all' });
    await demo.image({ name: 'for demo' });
    await until(() => heard.length > 0);
    expect(heard).toMatchObject([{ subject: id, audience: 'public', type: 'ImageCreated', data: { name: 'for all' } }]);
    expect(JSON.stringify(heard)).not.toMatch(/user-admin|"from"/);
  });

  it('may listen to nothing else, and send nothing at all', async () => {
    const { region } = api.nats;
    const connection = await tenant('alt');
    const refusals: string[] = [];
    void (async () => { for await (const { type, data } of connection.status()) refusals.push(`${type} ${JSON.stringify(data)}`); })();
    const forbidden = [
      auditDelivery(region, 'demo', 'siem', 'project'), auditDelivery(region, 'alt', 'other', 'project'), auditFilter(region, { projectId: 'alt' }), auditFilter(region, { projectId: 'demo' }), 'audit.>', 'heard.>', '>',
      `glance.${region}.>`, `_INBOX_catalog.>`, `_INBOX.>`, '$SYS.>', '$SYS.REQ.USER.AUTH', `projected.${region}`, `lease.${region}.*`, `progress.${region}.*`, '$JS.>',
    ];
    const heard: string[] = [];
    for (const subject of forbidden) connection.subscribe(subject, { callback: (error, { subject: from }) => { if (!error) heard.push(from); } });
    const reply = imageSubject(region, randomUUID());
    const sent = [reply, `$JS.API.CONSUMER.MSG.NEXT.${auditStreamName(region)}.x`, `$JS.API.STREAM.INFO.${auditStreamName(region)}`, '$JS.API.INFO', `do.${region}.image`, `ask.${region}.status`, `projected.${region}`, '$SYS.REQ.USER.AUTH'];
    for (const subject of sent) {
      connection.publish(subject, '{"sequence":1000000}', { reply });
    }
    const id = await demo.image();
    await until(() => refusals.filter((text) => text.includes('PERMISSIONS_VIOLATION')).length >= forbidden.length + sent.length);
    expect(heard).toEqual([]);
    expect((await demo.get(`/v2/images/${id}`)).status).toBe(200);
    const ours = await connect({ servers: api.nats.url, user: 'operator', pass: api.nats.passwords.operator, inboxPrefix: inboxPrefix('operator') });
    open.push(ours);
    await expect(ours.request(`$JS.API.STREAM.MSG.GET.GLANCE_${region}`, JSON.stringify({ last_by_subj: reply })).then((message) => message.json())).resolves.toMatchObject({ error: { code: 404 } });
  });

  it('are refused without a token that is good for a project\'s feed, or with a name that is none', async () => {
    for (const [token, user] of [['nothing', 'siem'], ['', 'siem'], ['nobody', 'siem'], ['systemAdmin', 'siem'], ['demo', ''], ['demo', 'a.b'], ['demo', 'a~b'], ['demo', 'siem@x'], ['demo', '>'], ['demo', 'gateway'], ['demo', 'catalog']]) {
      await expect(connect({ servers: api.nats.url, user: user ?? '', pass: token ?? '', reconnect: false })).rejects.toThrow(/authorization/i);
    }
    expect(api.logged.join('')).not.toMatch(/"(pass|token)"/);
  });

  it('have a bounded number of consumers for each project', async () => {
    await tenant('third', 'one');
    await tenant('third', 'two');
    await expect(tenant('third', 'three')).rejects.toThrow(/authorization/i);
    await tenant('third', 'two');
  });

  it('are cut off when their token ends', async () => {
    short.expiresAt = new Date(Date.now() + 6000);
    const connection = await tenant('short', 'two');
    const closed = connection.closed();
    await pause(2000);
    expect(connection.isClosed()).toBe(false);
    await closed;
    expect(Date.now()).toBeGreaterThanOrEqual(short.expiresAt.getTime() - 1500);
    await expect(tenant('short', 'two')).rejects.toThrow(/authenti|authori/i);
  });
});
