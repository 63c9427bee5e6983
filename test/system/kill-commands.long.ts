import { signIn, type Answer, type Client } from './client.js';
import { change, createImage, creation, deletion, dyingAt, historyOf, imageNow, type Operation } from './operations.js';
import { startRegion, type Region } from './region.js';

const points = [
  ...(['before-append', 'after-append', 'before-projection-commit', 'after-projection-commit', 'before-reply'] as const).map((point) => ['catalog', point] as const),
  ['gateway', 'before-acknowledgement'] as const,
];

describe('A service that dies at a named point of a command', () => {
  let region: Region;
  let client: Client;

  beforeAll(async () => {
    region = await startRegion();
    client = await signIn(region);
  });
  afterAll(() => region?.stop());

  const again = ({ method, path, ...rest }: Operation): Promise<Answer> => client.ask(method, path, rest);
  const actions = async (imageId: string): Promise<string[]> => (await historyOf(client, imageId)).map(({ action }) => action);

  it.each(points)('%s, %s: a creation takes place once, and its repetition gets the same answer', async (service, point) => {
    const operation = creation(`created at ${point}`);
    const answer = await dyingAt({ region, client, service, point }, operation);
    expect(answer.status).toBe(201);
    const repeated = await again(operation);
    expect({ status: repeated.status, body: repeated.json() }).toEqual({ status: 201, body: answer.json() });
    expect(await imageNow(client, answer.json().id)).toEqual(answer.json());
    expect(await actions(answer.json().id)).toEqual(['CreateImage']);
  });

  it.each(points)('%s, %s: a change takes place once, and its repetition gets the same answer', async (service, point) => {
    const imageId = await createImage(client, 'to be changed');
    const operation = change(imageId, { name: `changed at ${point}` });
    const answer = await dyingAt({ region, client, service, point }, operation);
    expect(answer.status).toBe(200);
    expect(await imageNow(client, imageId)).toEqual(answer.json());
    // A repetition that comes late must not undo what was done since.
    const since = await again(change(imageId, { name: 'changed since' }));
    const repeated = await again(operation);
    expect({ status: repeated.status, body: repeated.json() }).toEqual({ status: 200, body: answer.json() });
    expect(await imageNow(client, imageId)).toEqual(since.json());
    expect(await actions(imageId)).toEqual(['CreateImage', 'ChangeImageProperties', 'ChangeImageProperties']);
  });

  it.each(points)('%s, %s: a deletion takes place once, and its repetition gets the same answer', async (service, point) => {
    const imageId = await createImage(client, 'to be deleted');
    const operation = deletion(imageId);
    expect((await dyingAt({ region, client, service, point }, operation)).status).toBe(204);
    expect((await again(operation)).status).toBe(204);
    expect(await imageNow(client, imageId)).toBeUndefined();
    expect(await actions(imageId)).toEqual(['CreateImage', 'DeleteImage']);
  });
});
