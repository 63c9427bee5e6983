/** As what a receiver is told of an event: each is told something else. */
export const audiences = ['owner', 'former', 'member', 'public'] as const;
export type Audience = (typeof audiences)[number];

/**
 * An event of an image as one receiver may know it: a CloudEvent in JSON, the same in the audit stream and in `GET /v2/events`. Fields are only ever added.
 * Personal values (names, addresses) never stand in it: they end with their key, and this would outlive it.
 */
export interface AuditEvent {
  readonly specversion: '1.0';
  /** `<sequence of the commit>-<place of the event in it>`: the order of the feed, and its cursor. */
  readonly id: string;
  readonly source: string;
  /** The event's own name, as `ImageActivated`. */
  readonly type: string;
  /** The image. */
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly region: string;
  /** How many commits the image had with this one. */
  readonly version: number;
  /**
   * `owner`: all there is to know, for who owned the image then. `former`: that it is no longer his. `member`: what becomes of his own membership.
   * `public`: what everybody sees of a public image.
   */
  readonly audience: Audience;
  /** Who did it and in which request: for the owner of the image, and for the project of who did it. */
  readonly actorid?: string;
  readonly actorprojectid?: string;
  readonly authmethod?: string;
  readonly requestid?: string;
  readonly commandtype?: string;
  readonly data: {
    /** The image's status after the event; for a member, that of his membership, or `removed`. */
    readonly status: string;
    readonly name?: string;
    readonly owner?: string;
    readonly visibility?: string;
    /** In the words of the Image API, as in the history of an image; who may not know past states is told no `from`. */
    readonly changes: readonly AuditChange[];
    /** What else the event says, for the owner. */
    readonly detail?: Readonly<Record<string, unknown>>;
  };
}

export interface AuditChange { readonly name: string; readonly from?: unknown; readonly to?: unknown }

/** `fed.<region>`: every event up to the commit `sequence` can be read; `receivers` has something new, or, where it is absent, anybody may. */
export interface Fed { readonly sequence: number; readonly receivers?: readonly string[] }
