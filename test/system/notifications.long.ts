import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'nats';
import { inboxPrefix, notificationStreamName } from '#libs/contracts';
import { signIn, type Client } from './client.js';
import { quickEnds, startRegion, type Region } from './region.js';

interface Message { message_id: string; publisher_id: string; event_type: string; priority: string; payload: Record<string, unknown> }
const enveloped = (text: string): Message => JSON.parse((JSON.parse(text) as { 'oslo.message': string })['oslo.message']) as Message;

describe('Notifications, heard by a program that is not ours', () => {
  let region: Region;
  let user: Client;
  beforeAll(async () => {
    region = await startRegion({ settings: { ...quickEnds, 'oslo_messaging_notifications.driver': 'messagingv2', 'oslo_messaging_notifications.topics': 'billing', 'default.disabled_notifications': 'image.member.create' } });
    user = await signIn(region);
  });
  afterAll(() => region.stop());

  const listener = () => connect({
    servers: region.stack.nats.url, user: 'listener', pass: region.stack.passwords.listener, inboxPrefix: inboxPrefix('listener'),
  });

  /** Everything that was told of these images, in its order, until the last deletion; fetched after the fact, as a consumer that was away does. */
  async function heardOf(imageIds: readonly string[]): Promise<Message[]> {
    const connection = await listener();
    try {
      const consumer = await connection.jetstream().consumers.get(notificationStreamName(region.stack.region));
      const messages = await consumer.consume();
      const heard: Message[] = [];
      const gone = new Set<unknown>();
      const stop = setTimeout(() => { messages.stop(); }, 30_000);
      for await (const message of messages) {
        expect(message.subject).toMatch(/^notification\.[^.]+\.billing\.(info|error)$/);
        const told = enveloped(message.string());
        const id = told.payload['id'] ?? told.payload['image_id'];
        if (imageIds.includes(id as string)) heard.push(told);
        if (told.event_type === 'image.delete') gone.add(id);
        if (imageIds.every((each) => gone.has(each))) break;
      }
      clearTimeout(stop);
      return heard;
    } finally {
      await connection.close();
    }
  }

  async function lifeOfAnImage(name: string): Promise<string> {
    const created = await user.askUntilAnswered('POST', '/v2/images', { body: { name, disk_format: 'raw', container_format: 'bare' } });
    const { id } = created.json();
    await user.askUntilAnswered('PUT', `/v2/images/${id}/file`, { body: Buffer.from('twelve bytes') });
    await user.askUntilAnswered('GET', `/v2/images/${id}/file`);
    await user.askUntilAnswered('POST', `/v2/images/${id}/members`, { body: { member: 'somebody' } });
    await user.askUntilAnswered('DELETE', `/v2/images/${id}/members/somebody`);
    await user.askUntilAnswered('DELETE', `/v2/images/${id}`);
    return id;
  }
  const life = ['image.create', 'image.update', 'image.prepare', 'image.upload', 'image.activate', 'image.member.delete', 'image.delete'];

  it('follow the life of an image, as Glance tells it', async () => {
    const id = await lifeOfAnImage('told');
    const heard = await heardOf([id]);
    expect(heard.map(({ event_type }) => event_type).filter((type) => type !== 'image.send')).toEqual(life);
    expect(heard.find(({ event_type }) => event_type === 'image.send')).toMatchObject({ priority: 'INFO', payload: { bytes_sent: 12, image_id: id } });
    expect(heard.at(-1)).toMatchObject({ publisher_id: 'image.localhost', payload: { name: 'told', size: 12, deleted: true } });
  });

  it('lose nothing and tell nothing twice when the catalog dies between telling and remembering it', async () => {
    await region.arm('catalog', 'after-notification');
    const dies = region.ending('catalog');
    const life1 = lifeOfAnImage('killed');
    await dies;
    await region.restart('catalog');
    const ids = [await life1];
    await region.kill('catalog');
    const life2 = lifeOfAnImage('killed again');
    await pause(200);
    await region.restart('catalog');
    ids.push(await life2);
    const heard = await heardOf(ids);
    for (const id of ids) {
      const own = heard.filter(({ event_type, payload }) => event_type !== 'image.send' && (payload['id'] ?? payload['image_id']) === id);
      // An upload that the death of the catalog interrupted may have been told of as failed and begun again.
      expect(own.map(({ event_type }) => event_type)).toEqual(expect.arrayContaining(['image.create', 'image.member.delete', 'image.delete']));
      expect(own[0]?.event_type).toBe('image.create');
    }
    expect(new Set(heard.map(({ message_id }) => message_id)).size).toBe(heard.length);
  });
});
