import type { AuditEvent } from '#libs/contracts';
import type { ReplicationPolicy, ReplicationSettings } from '#libs/domain';
import type { FollowRegionOptions } from '#libs/event-log';
import { hearNews, type HeardNews } from './heard-news.js';

const settings: ReplicationSettings = {
  name: 'p', direction: 'pull', remoteRegion: 'One', filter: { visibilities: [], tags: [], properties: {} }, trigger: 'event', concurrency: 1,
  carriesMetadata: true, carriesMembers: false, carriesDeletions: false, conflictRule: 'source', keepsIds: false,
};
const policyOf = (changes: Partial<ReplicationSettings> = {}): ReplicationPolicy =>
  ({ exists: true, kind: 'policy', settings: { ...settings, ...changes }, isPaused: false, createdAt: new Date(0), updatedAt: new Date(0) });
const event = (subject: string, status = 'active', audience: AuditEvent['audience'] = 'owner'): AuditEvent => ({ subject, audience, data: { status, changes: [] } }) as unknown as AuditEvent;

describe('What is heard of the sources of policies', () => {
  type Followed = Omit<FollowRegionOptions, 'connection' | 'region'>;
  let followed: (Followed & { readonly signal: AbortSignal })[];
  let nowMs: number;
  let news: HeardNews;
  beforeEach(() => {
    [followed, nowMs] = [[], 0];
    news = hearNews({
      region: 'Two', links: ['One'], logger: { info: () => undefined, warn: () => undefined }, clock: () => new Date(nowMs), forgetAfterMs: 60_000,
      follow: (options, signal) => {
        followed.push({ ...options, signal });
        return new Promise((resolve) => { signal.addEventListener('abort', () => { resolve(); }); });
      },
    });
  });
  afterEach(() => news.close());
  const [first] = [() => followed[0] as Followed];

  it('is nothing, and the source is asked, until it is heard, and where no link leads there', () => {
    expect([news.take('p', policyOf()), news.take('q', policyOf({ remoteRegion: 'Nine' }))]).toEqual([undefined, undefined]);
    expect(followed.map(({ from }) => from)).toEqual(['One']);
    first().onLive(false, 7);
    expect(news.take('p', policyOf())).toEqual({ imageIds: [], hasGap: true });
    expect(news.take('p', policyOf())).toEqual({ imageIds: [], hasGap: false });
    first().onLost('the link was cut');
    expect(news.take('p', policyOf())).toBeUndefined();
    first().onEvent(event('a'), 8);
    first().onLive(true, 8);
    expect(news.take('p', policyOf())).toEqual({ imageIds: ['a'], hasGap: false });
  });

  it('is each image once, and once more a little later, in portions where there are many', () => {
    news.take('p', policyOf());
    first().onLive(true, 0);
    for (const id of ['a', 'b', 'a']) first().onEvent(event(id), 1);
    first().onEvent(event('without data', 'saving'), 4);
    first().onEvent(event('shared', 'accepted', 'member'), 5);
    expect(news.take('p', policyOf())).toEqual({ imageIds: ['a', 'b', 'shared'], hasGap: false });
    nowMs = 2000;
    expect(news.take('p', policyOf())?.imageIds).toEqual([]);
    nowMs = 4000;
    expect(news.take('p', policyOf())?.imageIds).toEqual(['a', 'b', 'shared']);
    nowMs = 8000;
    expect(news.take('p', policyOf())?.imageIds).toEqual([]);
    for (let number = 0; number < 150; number += 1) first().onEvent(event(`image ${number}`), number);
    expect([news.take('p', policyOf())?.imageIds.length, news.take('p', policyOf())?.imageIds.length]).toEqual([100, 50]);
    for (let number = 0; number < 1500; number += 1) first().onEvent(event(`image ${number}`), number);
    expect(news.take('p', policyOf())?.hasGap).toBe(true);
  });

  it('has a place up to which nothing waits to be looked at, and is taken up from a place that was kept', async () => {
    expect([news.placeOf('p'), news.take('p', policyOf()), news.placeOf('p')]).toEqual([undefined, undefined, undefined]);
    first().onLive(false, 7);
    expect(news.placeOf('p')).toBeUndefined();
    news.take('p', policyOf());
    const placeAt = (sequence: number): object => ({ what: '["One",{"projects":"all"}]', sequence });
    expect(news.placeOf('p')).toEqual(placeAt(7));
    first().onEvent(event('a'), 9);
    first().onEvent(event('b'), 11);
    first().onEvent(event('a'), 12);
    expect(news.placeOf('p')).toEqual(placeAt(8));
    news.take('p', policyOf());
    // Each is looked at once more.
    expect(news.placeOf('p')).toEqual(placeAt(8));
    first().onEvent(event('without data', 'saving'), 20);
    nowMs = 4000;
    expect(news.take('p', policyOf())?.imageIds).toEqual(['a', 'b']);
    const kept = news.placeOf('p');
    expect(kept).toEqual(placeAt(20));
    first().onLost('the link was cut');
    expect(news.placeOf('p')).toBeUndefined();
    await news.close();
    news.take('p', policyOf(), kept);
    news.take('q', policyOf({ filter: { ...settings.filter, owner: 'red' } }), kept);
    expect(followed.slice(1).map(({ after }) => after)).toEqual([20, undefined]);
  });

  it('is no more than the policy may carry: public images, those of one project, or all; a push policy listens at home', () => {
    const filters: Partial<ReplicationSettings>[] = [{}, { filter: { ...settings.filter, visibilities: ['public'] } }, { filter: { ...settings.filter, owner: 'red', visibilities: ['public'] } }, { direction: 'push' }];
    filters.forEach((each, number) => news.take(String(number), policyOf(each)));
    expect(followed.map(({ from, hears }) => [from, hears.projects])).toEqual([['One', 'all'], ['One', []], ['One', ['red']], ['Two', 'all']]);
  });

  it('is listened for anew where the policy changes, and no longer where nobody asks', async () => {
    news.take('p', policyOf());
    news.take('p', policyOf({ filter: { ...settings.filter, owner: 'red' } }));
    expect(followed.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    nowMs = 61_000;
    news.take('q', policyOf());
    expect(followed.map(({ signal }) => signal.aborted)).toEqual([true, true, false]);
    await news.close();
    expect(followed[2]?.signal.aborted).toBe(true);
  });

  it('wakes who waits, also where it was heard before he waited', async () => {
    news.take('p', policyOf());
    first().onLive(true, 0);
    await news.heard(AbortSignal.timeout(20_000));
    const waiting = news.heard(AbortSignal.timeout(20_000));
    first().onEvent(event('a'), 1);
    await waiting;
    expect(news.take('p', policyOf())?.imageIds).toEqual(['a']);
  });
});
