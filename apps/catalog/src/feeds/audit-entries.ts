import type { AuditChange, AuditEvent, Commit } from '#libs/contracts';
import { evolveImage, type Image, type ImageEvent, type ImageState } from '#libs/domain';
import { changesBetween } from '../images/image.changes.js';
import { detailOf } from './event-detail.js';

/** An event as one receiver may know it. */
export interface AuditEntry {
  /** The project that is told; null for what nobody owns, and for the public. */
  readonly receiver: string | null;
  readonly event: AuditEvent;
}

export interface Derived {
  readonly after: ImageState;
  /** In the order of the events; of one event, who owns the image first. */
  readonly entries: readonly AuditEntry[];
}

/**
 * One commit → who is told what of it. An event goes to the owner at that moment; a project that loses an image is told just that; a member is told
 * what becomes of its own membership; a public image is told of to everybody, without what was before.
 * Source: DESIGN.md section 3 and promise 6.
 */
export function auditEntries(before: ImageState, commit: Commit, sequence: number): Derived {
  const entries: AuditEntry[] = [];
  let state = before;
  commit.events.forEach((event, ordinal) => {
    const after = evolveImage(state, event, commit.at);
    if (after.exists) entries.push(...entriesOf({ commit, event, id: `${sequence}-${ordinal}`, before: state, after }));
    state = after;
  });
  return { after: state, entries };
}

interface Step { readonly commit: Commit; readonly event: ImageEvent; readonly id: string; readonly before: ImageState; readonly after: Image }

const entriesOf = (step: Step): AuditEntry[] => [toOwner(step), ...toFormerOwner(step), ...toMember(step), ...toEverybody(step)];

function toOwner(step: Step): AuditEntry {
  const { event, before, after } = step;
  const detail = detailOf(event);
  const { name, owner, visibility, status } = after;
  return {
    receiver: owner,
    event: {
      ...envelope(step, 'owner'), ...whoDidIt(step),
      data: { status, ...(name === null ? {} : { name }), ...(owner === null ? {} : { owner }), visibility, changes: changesBetween(before, after), ...(detail ? { detail } : {}) },
    },
  };
}

/** That the image is his no longer, and not whose it is now. */
function toFormerOwner(step: Step): AuditEntry[] {
  const { before, after } = step;
  if (!before.exists || before.owner === null || before.owner === after.owner) return [];
  return [{
    receiver: before.owner,
    event: { ...envelope(step, 'former'), ...forHisOwnProject(step, before.owner), data: { status: before.status, changes: [{ name: 'owner', from: before.owner }] } },
  }];
}

/** Nothing of the image but its id, and nothing of other members. */
function toMember(step: Step): AuditEntry[] {
  const { event, before, after } = step;
  if (!isMemberEvent(event)) return [];
  const { memberId } = event.data;
  const statusIn = (state: ImageState) => (state.exists ? state.members.find((member) => member.memberId === memberId)?.status : undefined);
  const [from, to] = [statusIn(before), statusIn(after)];
  const change: AuditChange = { name: `members/${memberId}`, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  return [{ receiver: memberId, event: { ...envelope(step, 'member'), ...forHisOwnProject(step, memberId), data: { status: to ?? 'removed', changes: [change] } } }];
}

type MemberEvent = Extract<ImageEvent, { type: `Member${string}` }>;
const isMemberEvent = (event: ImageEvent): event is MemberEvent => event.type.startsWith('Member');

/** What changes what anybody sees of an image. How its bytes came, and who is a member, is its owner's alone. */
const publicTypes: ReadonlySet<ImageEvent['type']> = new Set([
  'ImageCreated', 'ImagePropertiesChanged', 'ImageVisibilityChanged', 'ImageTagAdded', 'ImageTagRemoved', 'ImageDataStored', 'ImageActivated', 'ImageDeactivated',
  'ImageReactivated', 'ImageDeleted', 'ImageUndeleted',
] as const);

function toEverybody(step: Step): AuditEntry[] {
  const { event, before, after } = step;
  const wasPublic = before.exists && before.visibility === 'public';
  // What is on its way to be a public image, or never became one, nobody else has seen.
  if (after.arriving) return [];
  if (!publicTypes.has(event.type) || (!wasPublic && after.visibility !== 'public')) return [];
  const told = (data: AuditEvent['data']): AuditEntry[] => [{ receiver: null, event: { ...envelope(step, 'public'), data } }];
  if (after.visibility !== 'public') return told({ status: after.status, changes: [{ name: 'visibility', from: 'public' }] });
  const { name, owner, visibility, status } = after;
  return told({
    status, ...(name === null ? {} : { name }), ...(owner === null ? {} : { owner }), visibility,
    changes: changesBetween(before, after).filter(({ name: changed }) => isForEverybody(changed)).map(({ name: changed, to }) => ({ name: changed, ...(to === undefined ? {} : { to }) })),
  });
}

const isForEverybody = (name: string): boolean => !name.startsWith('members/') && !name.startsWith('os_glance_');

const envelope = ({ commit, event, id }: Step, audience: AuditEvent['audience']): Omit<AuditEvent, 'data'> => ({
  specversion: '1.0', id, source: `/heliograph/${commit.region}`, type: event.type, subject: commit.aggregateId, time: commit.at.toISOString(), datacontenttype: 'application/json',
  region: commit.region, version: commit.version, audience,
});

const whoDidIt = ({ commit: { actor, requestId, commandType } }: Step): Partial<AuditEvent> => ({
  actorid: actor.userId, ...(actor.projectId === undefined ? {} : { actorprojectid: actor.projectId }), authmethod: actor.authMethod, requestid: requestId, commandtype: commandType,
});

const forHisOwnProject = (step: Step, projectId: string): Partial<AuditEvent> => (step.commit.actor.projectId === projectId ? whoDidIt(step) : {});
