import { setTimeout as pause } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import type { Answer, AskOptions, Client, ImageView } from './client.js';
import type { Outcome, Read, Told } from './checker.js';
import { newImage, sha512 } from './operations.js';
import type { Random } from './random.js';

/** What its one owner, and those who look at it, know of an image. */
export interface Story extends Told {
  readonly data: Buffer;
  created: Outcome;
  deleted?: Outcome;
  uploaded?: Outcome;
  readonly changes: Outcome[];
  readonly tags: Map<string, Outcome>;
  readonly reads: Read[];
}

export interface Load {
  readonly stories: readonly Story[];
  /** Answers that no kill excuses. */
  readonly complaints: readonly string[];
  counts(): Record<string, number>;
}

export interface LoadOptions {
  readonly clients: readonly Client[];
  readonly random: Random;
  readonly signal: AbortSignal;
}

const mebibyte = 2 ** 20;
const mostTags = 60;

/** Several clients at once, each with images of its own, doing a bit of everything until `signal` aborts. Resolves when the last request was answered. */
export async function runLoad({ clients, random, signal }: LoadOptions): Promise<Load> {
  const stories: Story[] = [];
  const complaints: string[] = [];
  const counts: Record<string, number> = {};
  const room: Room = {
    stories, signal,
    complain: (text) => void complaints.push(text),
    count: (what, outcome) => { counts[`${what} ${outcome}`] = (counts[`${what} ${outcome}`] ?? 0) + 1; },
  };
  await Promise.all(clients.map((client, index) => worker(client, index, random.branch(`client ${index}`), room)));
  return { stories, complaints, counts: () => ({ ...counts }) };
}

interface Room {
  readonly stories: Story[];
  readonly signal: AbortSignal;
  complain(text: string): void;
  count(what: string, outcome: Outcome): void;
}

async function worker(client: Client, index: number, random: Random, room: Room): Promise<void> {
  const own: Story[] = [];
  const alive = (): Story[] => own.filter(({ created, deleted }) => created === 'acknowledged' && deleted === undefined);
  const actor = actorOf(client, index, random, room);
  while (!room.signal.aborted) {
    const mine = alive();
    const die = random.below(100);
    if (mine.length === 0 || die < 12) {
      own.push(await actor.create());
    } else {
      const story = random.pick(mine);
      if (die < 45) await actor.change(story);
      else if (die < 60) await actor.meddle(random.pick(room.stories.filter(({ created }) => created === 'acknowledged')));
      else if (die < 70) await (story.uploaded === undefined ? actor.upload(story) : actor.download(story));
      else if (die < 85) await actor.show(story);
      else if (die < 92) await actor.list(mine);
      else await actor.delete(story);
    }
    await pause(random.below(30));
  }
}

/** What one client can do; it waits for each answer before it goes on. */
function actorOf(client: Client, index: number, random: Random, { stories, complain, count }: Room) {
  /** Most requests are repeated until they are answered; some clients give up at once, and never learn what became of it. */
  async function outcomeOf(what: string, fine: number, method: string, path: string, body?: unknown): Promise<Outcome> {
    const isPatient = random.chance(0.8);
    const options: AskOptions = { key: randomUUID(), ...(body === undefined ? {} : { body }) };
    const answer = await (isPatient ? client.askUntilAnswered(method, path, options) : client.ask(method, path, options)).catch(noAnswer(isPatient, complain));
    const outcome = judged(answer, fine);
    if (outcome === 'refused') complain(`${method} ${path} was refused: ${answer?.status} ${answer?.bytes.toString('utf8')}`);
    count(what, outcome);
    return outcome;
  }

  async function uploaded({ imageId }: Story, options: AskOptions, deadline: number): Promise<Outcome> {
    do {
      const answer = await client.ask('PUT', `/v2/images/${imageId}/file`, options).catch(() => undefined);
      if (answer?.status === 204) return 'acknowledged';
      // 409: an earlier try of this request is not over yet, or its lease ran out while nothing could be reached.
      if (answer && answer.status !== 503 && answer.status !== 409) complain(`the upload to image ${imageId} was refused: ${answer.status} ${answer.bytes.toString('utf8')}`);
      await pause(200);
    } while (performance.now() < deadline);
    return 'unknown';
  }

  /** What is known of an image when a read of it is sent: the read may show more, and never less. */
  const known = ({ changes, uploaded: upload }: Story) => ({ acknowledged: changes.lastIndexOf('acknowledged') + 1, isUploaded: upload === 'acknowledged' });

  function look(story: Story, image: ImageView | undefined, what: string, { acknowledged, isUploaded }: ReturnType<typeof known>): void {
    if (image === undefined) return complain(`${what} does not show image ${story.imageId}, whose creation was acknowledged`);
    story.reads.push({ client: index, n: Number(image['n'] ?? 0), acknowledged, sent: story.changes.length });
    if (isUploaded && image.status !== 'active') complain(`${what} shows image ${story.imageId} ${image.status} after its upload was acknowledged`);
  }

  return {
    async create(): Promise<Story> {
      const imageId = randomUUID();
      const story: Story = { imageId, data: random.bytes(mebibyte + random.below(3 * mebibyte)), created: 'unknown', changes: [], tags: new Map(), reads: [] };
      story.created = await outcomeOf('create', 201, 'POST', '/v2/images', newImage('under load', { id: imageId }));
      stories.push(story);
      return story;
    },
    async change(story: Story): Promise<void> {
      const path = `/v2/images/${story.imageId}`;
      const place = story.changes.push('unknown') - 1;
      story.changes[place] = await outcomeOf('change', 200, 'PATCH', path, [{ op: 'add', path: '/n', value: String(place + 1) }]);
    },
    /** Anybody's image. */
    async meddle(story: Story): Promise<void> {
      await (random.chance(0.5) ? this.tag(story) : this.peek(story));
    },
    async tag(story: Story): Promise<void> {
      // Others may delete the image meanwhile: a refusal is no fault, so it is not counted as one.
      if (story.tags.size >= mostTags || story.deleted !== undefined) return;
      const tag = `t${story.tags.size + 1}`;
      story.tags.set(tag, 'unknown');
      const answer = await client.askUntilAnswered('PUT', `/v2/images/${story.imageId}/tags/${tag}`);
      const outcome = judged(answer, 204);
      if (outcome === 'refused' && story.deleted === undefined) complain(`tag ${tag} of image ${story.imageId} was refused: ${answer.status} ${answer.bytes.toString('utf8')}`);
      story.tags.set(tag, outcome);
      count('tag', outcome);
    },
    async upload(story: Story): Promise<void> {
      const isPatient = random.chance(0.8);
      story.uploaded = 'unknown';
      story.uploaded = await uploaded(story, { key: randomUUID(), body: story.data }, performance.now() + (isPatient ? 60_000 : 0));
      if (isPatient && story.uploaded === 'unknown') complain(`the upload to image ${story.imageId} was not acknowledged within a minute`);
      count('upload', story.uploaded);
    },
    async download(story: Story): Promise<void> {
      if (story.uploaded !== 'acknowledged') return;
      const answer = await client.ask('GET', `/v2/images/${story.imageId}/file`).catch(() => undefined);
      if (!answer || answer.status === 503) return count('download', 'unknown');
      if (answer.status !== 200 || sha512(answer.bytes) !== sha512(story.data)) complain(`image ${story.imageId} does not download as it was uploaded: ${answer.status}, ${answer.bytes.length} of ${story.data.length} bytes`);
      return count('download', 'acknowledged');
    },
    async show(story: Story): Promise<void> {
      const before = known(story);
      const answer = await client.askUntilAnswered('GET', `/v2/images/${story.imageId}`);
      look(story, answer.status === 200 ? answer.json() : undefined, 'a show', before);
      count('show', 'acknowledged');
    },
    /** Somebody else's, who may change or delete it meanwhile. */
    async peek(story: Story): Promise<void> {
      const before = known(story);
      const wasThere = story.deleted === undefined;
      const answer = await client.askUntilAnswered('GET', `/v2/images/${story.imageId}`);
      if (answer.status === 200 || (wasThere && story.deleted === undefined)) look(story, answer.status === 200 ? answer.json() : undefined, 'a show to somebody else', before);
      count('peek', 'acknowledged');
    },
    async list(mine: readonly Story[]): Promise<void> {
      const before = new Map(mine.map((story) => [story, known(story)]));
      const answer = await client.askUntilAnswered('GET', '/v2/images?limit=1000');
      const listed = new Map(answer.json<{ images: ImageView[] }>().images.map((image) => [image.id, image]));
      if (listed.size < 1000) for (const [story, then] of before) look(story, listed.get(story.imageId), 'a list', then);
      count('list', 'acknowledged');
    },
    async delete(story: Story): Promise<void> {
      // Others stop writing to it from here on.
      story.deleted = 'unknown';
      story.deleted = await outcomeOf('delete', 204, 'DELETE', `/v2/images/${story.imageId}`);
      if (story.deleted !== 'acknowledged') return;
      const answer = await client.askUntilAnswered('GET', `/v2/images/${story.imageId}`);
      if (answer.status !== 404) complain(`image ${story.imageId} is shown with ${answer.status} after its deletion was acknowledged`);
    },
  };
}

const noAnswer = (isPatient: boolean, complain: Room['complain']) => (error: Error): undefined => {
  if (isPatient) complain(error.message);
};

function judged(answer: Answer | undefined, fine: number): Outcome {
  if (answer?.status === fine) return 'acknowledged';
  return answer === undefined || answer.status === 503 ? 'unknown' : 'refused';
}
