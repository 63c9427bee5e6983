import { Problem, evolveImage, noImage, type Image } from '#libs/domain';
import { createPolicy, type Caller } from '#libs/identity';
import type { Request } from '../edge/request.js';
import { acknowledged } from './acknowledged.js';
import { images } from './images.js';
import { permissions } from './permissions.js';

const imageId = '11111111-1111-4111-8111-111111111111';
const caller: Caller = {
  userId: 'ada', userName: 'Ada', projectId: 'demo', roles: ['member', 'reader'], isAdmin: false, serviceRoles: [], scope: 'project',
  authMethods: ['password'], expiresAt: new Date('2100-01-01'), isService: false, catalog: [],
};
const anImage = (visibility: Image['visibility'], owner = 'demo'): Image =>
  evolveImage(noImage(), { type: 'ImageCreated', data: { owner, visibility, tags: [], properties: {} } }, new Date()) as Image;
const request = (headers: Record<string, string> = {}): Request =>
  ({ caller, requestId: 'req-1', method: 'DELETE', headers, raw: { url: `/v2/images/${imageId}` }, socket: { remoteAddress: '127.0.0.1' } }) as unknown as Request;

/** A gateway whose catalog gives these answers in turn, and whose read model shows these images in turn, the last one for ever. */
function gateway(answers: (number | Problem)[], shown: (Image | undefined)[]) {
  const asked: { authorizedFor?: unknown }[] = [];
  const readAt: (number | undefined)[] = [];
  const seen = acknowledged();
  const room = images({
    bus: {
      region: 'RegionTest',
      ask: async <Ok>(_subject: string, message: unknown) => {
        asked.push((message as { envelope: { authorizedFor?: unknown } }).envelope);
        const answer = answers.shift();
        if (answer instanceof Problem) throw answer;
        return Promise.resolve({ sequence: answer, version: 1, image: anImage('shared') } as Ok);
      },
    },
    readModel: {
      imageById: async (id, options) => {
        readAt.push(options?.atLeast);
        const image = shown.length > 1 ? shown.shift() : shown[0];
        return Promise.resolve(image && { imageId: id, version: 1, sequence: 1, image });
      },
    },
    permissions: permissions(createPolicy()), acknowledged: seen, address: { publicEndpoint: '', enableProxyHeadersParsing: false },
  });
  const remove = (headers = {}) => room.change({ request: request(headers), imageId, command: () => ({ type: 'DeleteImage' }), check: () => undefined });
  return { room, asked, readAt, remove };
}

const stale = () => new Problem('AuthorizationStale', { imageId });

describe('how the gateway sends a command', () => {
  it('says what its permission rested on', async () => {
    const { asked, remove } = gateway([7], [anImage('private')]);
    await remove();
    expect(asked).toEqual([{ imageId, command: { type: 'DeleteImage' }, authorizedFor: { owner: 'demo', visibility: 'private' } }]);
  });

  it('reads and asks the policy again where owner or visibility changed meanwhile', async () => {
    const { asked, remove } = gateway([stale(), 7], [anImage('private'), anImage('shared')]);
    await remove();
    expect(asked.map(({ authorizedFor }) => authorizedFor)).toEqual([{ owner: 'demo', visibility: 'private' }, { owner: 'demo', visibility: 'shared' }]);
  });

  it('refuses where the caller has lost the image meanwhile', async () => {
    const { remove } = gateway([stale()], [anImage('private'), anImage('private', 'alt')]);
    await expect(remove()).rejects.toMatchObject({ code: 'ImageNotFound' });
  });

  it('gives up after three times', async () => {
    const { asked, remove } = gateway([stale(), stale(), stale(), 7], [anImage('private')]);
    await expect(remove()).rejects.toMatchObject({ code: 'Conflict' });
    expect(asked).toHaveLength(3);
  });

  it('never reads below what was acknowledged', async () => {
    const { readAt, remove, room } = gateway([9, 4], [anImage('private')]);
    await remove();
    await remove();
    await room.visible(imageId, request());
    expect(readAt).toEqual([0, 9, 9]);
  });

  it('sends a repeated request on, even where the image is gone, so that nothing new can come of it', async () => {
    const { asked, remove } = gateway([7], [undefined]);
    await remove({ 'idempotency-key': 'k' });
    expect(asked[0]?.authorizedFor).toEqual({ owner: '\0', visibility: 'private' });
    const other = gateway([stale()], [anImage('private', 'alt')]);
    await expect(other.remove({ 'idempotency-key': 'k' })).rejects.toMatchObject({ code: 'ImageNotFound' });
    expect(other.asked).toHaveLength(1);
  });

  it('asks nobody about an image that cannot be seen', async () => {
    const { asked, remove } = gateway([], [undefined]);
    await expect(remove()).rejects.toMatchObject({ code: 'ImageNotFound' });
    expect(asked).toEqual([]);
  });
});
