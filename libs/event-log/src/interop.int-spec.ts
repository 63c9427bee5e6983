import { randomUUID } from 'node:crypto';
import { connect as connectForeign } from 'nats';
import { imageSubject, inboxPrefix, streamName } from '#libs/contracts';
import { imageDecider, type ImageCommand } from '#libs/domain';
import { createExecutor } from './execute.js';
import { jetStreamEventLog } from './jetstream.js';
import { region, startRegion, type JetStreamRegion } from './jetstream.suite.js';

/** A CloudEvent as any consumer knows it, in structured JSON mode: CloudEvents 1.0 section 3.1. */
interface CloudEvent { specversion: string; id: string; source: string; type: string; subject: string; time: string; datacontenttype: string; data: { events: { type: string }[] } }

describe('a consumer that is not ours', () => {
  let running: JetStreamRegion;
  beforeAll(async () => { running = await startRegion(); });
  afterAll(() => running.close());

  it('follows one image with another NATS client and reads its commits as CloudEvents', async () => {
    const log = await jetStreamEventLog(await running.as('catalog'), { region });
    const { execute } = createExecutor({ log, region, service: 'catalog', decider: imageDecider({ properties: -1, tags: -1, members: -1 }), clock: () => new Date() });
    const [imageId, otherId] = [randomUUID(), randomUUID()];
    const send = (id: string, command: ImageCommand) =>
      execute({ envelope: { imageId: id, command }, context: { commandId: randomUUID(), requestId: 'req', actor: { userId: 'u', authMethod: 'password' } } });
    const creation: ImageCommand = {
      type: 'CreateImage', visibility: 'public', tags: [], properties: {}, name: 'cirros', owner: 'p', isProtected: false, isHidden: false,
      containerFormat: null, diskFormat: null, minDisk: 0, minRam: 0,
    };

    const foreign = await connectForeign({
      servers: running.stack.nats.url, user: 'operator', pass: running.stack.passwords.operator, inboxPrefix: inboxPrefix('operator'),
    });
    try {
      await send(imageId, creation);
      await send(otherId, creation);
      const consumer = await foreign.jetstream().consumers.get(streamName(region), { filterSubjects: imageSubject(region, imageId) });
      const messages = await consumer.consume();
      await send(imageId, { type: 'AddImageTag', tag: 'a' });
      await send(imageId, { type: 'DeleteImage' });
      const seen: CloudEvent[] = [];
      for await (const message of messages) if (seen.push(message.json<CloudEvent>()) === 3) break;

      expect(seen.map(({ data }) => data.events.map(({ type }) => type))).toEqual([['ImageCreated'], ['ImageTagAdded'], ['ImageDeleted']]);
      for (const event of seen) {
        expect(event).toMatchObject({ specversion: '1.0', source: `/heliograph/${region}/catalog`, type: 'glance.image.commit.v1', subject: imageId, datacontenttype: 'application/json' });
        expect(new Date(event.time).toISOString()).toBe(event.time);
      }
      expect(new Set(seen.map(({ id }) => id)).size).toBe(3);
    } finally {
      await foreign.close();
    }
  });
});
