import { randomUUID } from 'node:crypto';
import { signIn, type Answer, type Client } from './client.js';
import { dyingAt, type Operation } from './operations.js';
import { startRegion, type Region } from './region.js';
import { catalogueRows, operatorSays } from './verdict.js';

const root = '/v2/metadefs/namespaces';
const holds = { properties: { a: { title: 'A', type: 'string' } }, tags: [{ name: 't' }], resource_type_associations: [{ name: 'OS::Test' }] };
const creation = (namespace: string): Operation => ({ method: 'POST', path: root, body: { namespace, visibility: 'public', ...holds }, key: randomUUID() });
const rename = (from: string, to: string): Operation => ({ method: 'PUT', path: `${root}/${from}`, body: { namespace: to, visibility: 'public' }, key: randomUUID() });

/** A rename is three commits: it dies before and after each of them, before it can be read, and before its client is told. */
const deaths = [
  ...[1, 2, 3].flatMap((nth) => [['catalog', 'before-append', nth], ['catalog', 'after-append', nth]] as const),
  ['catalog', 'before-projection-commit', 1], ['catalog', 'before-reply', 1], ['gateway', 'before-acknowledgement', 1],
] as const;
/** A creation is one. */
const created = deaths.filter(([, , nth]) => nth === 1);

describe('A service that dies while a namespace of metadata definitions is created or renamed', () => {
  let region: Region;
  let client: Client;
  beforeAll(async () => {
    region = await startRegion();
    client = await signIn(region, 'admin');
  });
  afterAll(() => region?.stop());

  const shown = async (name: string): Promise<Answer> => client.askUntilAnswered('GET', `${root}/${name}`);
  const send = ({ method, path, ...rest }: Operation): Promise<Answer> => client.askUntilAnswered(method, path, rest);

  it.each(created)('%s, %s: it is created once with all that it holds, and its repetition gets the same answer', async (service, point) => {
    const operation = creation(`created-${service}-${point}`);
    const answer = await dyingAt({ region, client, service, point }, operation);
    const repeated = await send(operation);
    expect([answer.status, repeated.status, repeated.bytes.toString()]).toEqual([201, 201, answer.bytes.toString()]);
    expect((await shown(`created-${service}-${point}`)).json<object>()).toMatchObject({ properties: holds.properties, tags: holds.tags });
    expect((await send({ ...operation, key: randomUUID() })).status).toBe(409);
  });

  it.each(deaths)('%s, %s, commit %i: it is renamed once, and is there under one name', async (service, point, nth) => {
    const [from, to] = [`old-${service}-${point}-${nth}`, `new-${service}-${point}-${nth}`];
    await send(creation(from));
    const operation = rename(from, to);
    const answer = await dyingAt({ region, client, service, point, nth }, operation);
    const repeated = await send(operation);
    expect([answer.status, repeated.status, repeated.bytes.toString()]).toEqual([200, 200, answer.bytes.toString()]);
    expect([(await shown(from)).status, (await shown(to)).status]).toEqual([404, 200]);
    expect((await shown(to)).json<object>()).toMatchObject({ properties: holds.properties, tags: holds.tags });
    expect((await send(creation(from))).status).toBe(201);
  });

  it('leaves a log without fault, and a catalogue that equals the one that is rebuilt from it', async () => {
    expect(await operatorSays(region, 'log-verify')).toEqual({ status: 0, said: expect.stringMatching(/: whole\.\n$/) as string });
    const live = await catalogueRows(region);
    expect((await operatorSays(region, 'catalog-rebuild')).status).toBe(0);
    expect(await catalogueRows(region)).toEqual(live);
    expect([live['metadef_namespaces']?.length, live['parked_namespaces']]).toEqual([created.length + 2 * deaths.length, []]);
  }, 130_000);
});
