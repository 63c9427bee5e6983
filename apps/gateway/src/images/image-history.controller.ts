import { Controller, Get, Inject, Param, Req } from '@nestjs/common';
import type { HistoryAnswer, HistoryEntry } from '#libs/contracts';
import { Problem, type SignatureVerdict } from '#libs/domain';
import type { Request } from '../edge/request.js';
import { IMAGES, type ImageRoom } from '../tokens.js';
import { isAttribute } from './image.schema.js';
import { queryOf, wholeNumber } from './query.js';

const defaultLimit = 100;
const maxLimit = 1000;

/** Every change of an image: when, who, from where, what from what to what. Also of a deleted one. Ours; Glance has no such thing. */
@Controller('v2/images/:imageId/history')
export class ImageHistoryController {
  constructor(@Inject(IMAGES) private readonly room: ImageRoom) {}

  @Get()
  async history(@Req() request: Request, @Param('imageId') imageId: string): Promise<object> {
    this.room.permissions.requireProjectScope(request.caller);
    const query = queryOf(request);
    const limit = Math.min(wholeNumber('limit', query.get('limit') ?? undefined, { min: 1 }) ?? defaultLimit, maxLimit);
    const afterVersion = wholeNumber('after', query.get('after') ?? undefined, { min: 0 }) ?? 0;
    const answer = await this.room.images.history(imageId, { afterVersion, limit });
    await this.requireAllowed(request, imageId, answer);
    const last = answer.entries.at(-1);
    const self = `/v2/images/${imageId.toLowerCase()}/history`;
    return {
      history: answer.entries.map((entry) => entryView(entry, (name) => this.mayRead(name, entry, request))),
      first: `${self}?limit=${limit}`,
      ...(answer.hasMore && last ? { next: `${self}?limit=${limit}&after=${last.version}` } : {}),
    };
  }

  /** Attributes and members are for everybody who reads the history; all other names are additional properties, which may be protected. */
  private mayRead(name: string, { events }: HistoryEntry, { caller }: Request): boolean {
    const isMember = name.startsWith('members/') && events.some(({ type }) => type.startsWith('Member'));
    return isMember || isAttribute(name, this.room.schema) || this.room.properties.mayRead(name, caller);
  }

  /** The last owner of a deleted image keeps the right to its history; nobody else learns that there was one. */
  private async requireAllowed(request: Request, imageId: string, { owner }: HistoryAnswer): Promise<void> {
    const { images, permissions } = this.room;
    if (permissions.allowsHistory({ imageId: imageId.toLowerCase(), owner }, request.caller)) return;
    await images.visible(imageId, request);
    throw new Problem('Forbidden', { detail: 'Only the owning project and administrators may read the history of an image.' });
  }
}

function entryView({ version, at, requestId, commandType, actor, personal, isErased, events, changes }: HistoryEntry, mayRead: (name: string) => boolean): Record<string, unknown> {
  return {
    version,
    at,
    request_id: requestId,
    action: commandType,
    user_id: actor.userId,
    project_id: actor.projectId ?? null,
    domain_id: actor.domainId ?? null,
    auth_method: actor.authMethod,
    user_name: personal?.userName ?? null,
    source_address: personal?.sourceAddress ?? null,
    ...(isErased ? { personal_values: 'erased' } : {}),
    events: events.map(({ type }) => type),
    changes: changes.filter(({ name }) => mayRead(name)),
    ...hopsIn(events),
    ...inspectionIn(events),
    ...locationsIn(events),
    ...preparationIn(events),
    ...checkIn(events),
  };
}

/** Where the bytes of an import came from, redirect by redirect. */
function hopsIn(events: HistoryEntry['events']): { import_hops?: unknown } {
  const hops = events.flatMap((event) => (event.type === 'ImageImportSourceAsked' ? event.data.hops : []));
  return hops.length > 0 ? { import_hops: hops } : {};
}

/** What the bytes were found to be; a rule that they break by its id. `format` is null where they are several at once. */
function inspectionIn(events: HistoryEntry['events']): { inspection?: unknown } {
  const [found] = events.flatMap((event) => (event.type === 'ImageDataInspected' ? [event.data] : []));
  return found ? { inspection: { format: found.format ?? null, virtual_size: found.virtualSizeBytes ?? null, findings: found.findings, ...(found.signature ? { signature: signatureView(found.signature) } : {}) } } : {};
}

/** Where a client said that the data lies. */
function locationsIn(events: HistoryEntry['events']): { locations_added?: unknown } {
  const added = events.flatMap((event) => (event.type === 'ImageLocationAdded' ? [{ url: event.data.uri, metadata: event.data.metadata }] : []));
  return added.length > 0 ? { locations_added: added } : {};
}

/** What plugins did to the bytes on their way in, or said of them. */
function preparationIn(events: HistoryEntry['events']): { preparation?: unknown } {
  const steps = events.flatMap((event): object[] => {
    switch (event.type) {
      case 'ImageDataDecompressed': return [{ step: 'decompressed', compression: event.data.compression, compressed_size: event.data.compressedSizeBytes }];
      case 'ImageDataConverted': return [{ step: 'converted', from: event.data.fromDiskFormat, to: event.data.toDiskFormat, from_size: event.data.fromSizeBytes, from_checksum: event.data.fromChecksum }];
      case 'ImageDataVerified': return [{ step: 'verified', verifier: event.data.verifier, accepted: event.data.isAccepted, detail: event.data.detail }];
      default: return [];
    }
  });
  return steps.length > 0 ? { preparation: steps } : {};
}

const signatureView = ({ certificateId, hashMethod, keyType, isValid, reason }: SignatureVerdict): object =>
  ({ certificate_id: certificateId, hash_method: hashMethod, key_type: keyType, valid: isValid, ...(reason === undefined ? {} : { reason }) });

/** Whether a stored copy was still what it was. */
function checkIn(events: HistoryEntry['events']): { check?: unknown } {
  const [check] = events.flatMap((event) => (event.type === 'ImageDataChecked' ? [event.data] : []));
  return check ? { check: { store: check.storeId, verdict: check.verdict, detail: check.detail } } : {};
}
