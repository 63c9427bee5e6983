import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { AuditEvent } from '#libs/contracts';
import type { FeedCursor, FeedQuery } from '#libs/read-model';
import { openEventStream } from '../edge/open-event-stream.js';
import { header, type Reply, type Request } from '../edge/request.js';
import { wantsEvents } from '../edge/wants-events.js';
import { queryOf } from '../images/query.js';
import { isAttribute } from '../images/image.schema.js';
import { EVENTS, IMAGES, type ImageRoom } from '../tokens.js';
import { cursorOf, cursorText, eventQuery, type EventQuery } from './event-query.js';
import { streamEvents } from './event-stream.js';
import type { EventsRoom } from './events.room.js';

/**
 * The feed of events, in pages or as they come: of the images that the caller's project owns today, with their past, and of its memberships. Administrators
 * read those of other projects and of the region. Ours; Glance has no such thing.
 */
@Controller('v2/events')
export class EventsController {
  constructor(@Inject(IMAGES) private readonly room: ImageRoom, @Inject(EVENTS) private readonly events: EventsRoom) {}

  @Get()
  async list(@Req() request: Request, @Res() reply: Reply): Promise<void> {
    const parameters = queryOf(request);
    const query = eventQuery(parameters);
    this.room.permissions.requireFeed(request.caller, projectOf(query, request));
    if (wantsEvents(request)) return this.stream(request, reply, query);
    const after = this.start(query, { sequence: 0, ordinal: 0 });
    const page = await this.room.readModel.listEvents(feedQuery(query, request, after), { atLeast: this.room.acknowledged.sequence() });
    const cursor = cursorText(page.next);
    return void reply.header('cache-control', 'no-store').send({
      events: page.events.map((event) => this.show(event, request)), cursor,
      first: address(parameters), ...(page.hasMore ? { next: address(parameters, cursor) } : {}),
    });
  }

  private async stream(request: Request, reply: Reply, query: EventQuery): Promise<void> {
    const lastEventId = header(request, 'last-event-id');
    const after = lastEventId === undefined ? this.start(query, 'latest') : cursorOf(lastEventId);
    const { bells, seats, times, stop } = this.events;
    const leave = seats.take(request.caller.projectId ?? '');
    try {
      const response = openEventStream(reply);
      response.flushHeaders();
      await streamEvents({
        response, times, after, stop,
        page: (from) => this.room.readModel.listEvents(feedQuery({ ...query, limit: pageWhileListening }, request, from)),
        show: (event) => this.show(event, request),
        onNews: (listener) => bells.listen(projectOf(query, request), listener),
        mayStillRead: () => request.caller.expiresAt.getTime() > Date.now(),
      });
    } finally {
      leave();
    }
  }

  /** `latest` is the end of what was acknowledged: nothing after it is left out. */
  private start({ after }: EventQuery, otherwise: FeedCursor | 'latest'): FeedCursor {
    const start = after ?? otherwise;
    return start === 'latest' ? { sequence: this.room.acknowledged.sequence(), ordinal: lastOrdinal } : start;
  }

  /** Additional properties may be protected, as in the history of an image. */
  private show(event: AuditEvent, { caller }: Request): AuditEvent {
    const { schema, properties } = this.room;
    const isShown = (name: string): boolean =>
      isAttribute(name, schema) || (name.startsWith('members/') && event.type.startsWith('Member')) || properties.mayRead(name, caller);
    return { ...event, data: { ...event.data, changes: event.data.changes.filter(({ name }) => isShown(name)) } };
  }
}

const pageWhileListening = 100;
/** No commit has more events than this. */
const lastOrdinal = 999_999_999;

const projectOf = ({ of }: EventQuery, { caller }: Request): string | undefined => (of === 'all' ? undefined : of?.projectId ?? caller.projectId ?? '');

function feedQuery({ of, after: _, ...query }: EventQuery, request: Request, after: FeedCursor): FeedQuery {
  const projectId = projectOf({ ...query, ...(of === undefined ? {} : { of }) }, request);
  return { ...query, ...(projectId === undefined ? {} : { projectId }), after };
}

/** The same question, from another place on. */
function address(parameters: URLSearchParams, after?: string): string {
  const asked = new URLSearchParams(parameters);
  asked.delete('after');
  if (after !== undefined) asked.set('after', after);
  const text = asked.toString();
  return `/v2/events${text === '' ? '' : `?${text}`}`;
}
