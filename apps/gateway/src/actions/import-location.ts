import type { Image, ImportToRequest } from '#libs/domain';
import { throwIfOutOfReach } from '#libs/download';
import { isS3, readS3Location, s3SourceOf } from '#libs/stores';
import type { Request } from '../edge/request.js';
import { queryIn, readImportSource } from '../imports/import-source.js';
import type { ActionsRoom } from './actions.room.js';
import { isSwift, readSwiftLocation } from './swift-location.js';

/** Where the data of an import comes from, as its `location` says. */
export interface ImportLocation {
  /** In the words of the request, without its query. */
  readonly location: string;
  readonly source: Pick<ImportToRequest, 'method' | 'sourceUri' | 'sourceHasQuery'>;
  /** Leaves what must stand in no log for the service that fetches the data, and then sends the request. Refuses what `send` does. */
  leavingSecrets(importId: string, send: () => Promise<Image>): Promise<void>;
}

/** Reads a location, and looks whether it may be reached. Refuses: InvalidRequest, UriNotAllowed. */
export async function importLocation({ rules, queries, regions }: Pick<ActionsRoom, 'rules' | 'queries' | 'regions'>, request: Request, location: string): Promise<ImportLocation> {
  if (isSwift(location)) {
    const object = readSwiftLocation(location, request.caller);
    return { location, source: { method: 'swift-download', sourceUri: location }, leavingSecrets: (importId, send) => regions.withObjectToken(request, { ...object, importId }, send) };
  }
  if (isS3(location)) {
    s3SourceOf(rules.s3Sources, readS3Location(location), request.caller.projectId);
    return { location, source: { method: 's3-download', sourceUri: location }, leavingSecrets: async (_, send) => { await send(); } };
  }
  const { reach, carriesQueries } = rules;
  const source = readImportSource('web-download', { uri: location }, { filter: reach.filter, carriesQueries });
  const { sourceUri = '' } = source;
  await throwIfOutOfReach(sourceUri, reach);
  return {
    location: sourceUri, source: { ...source, method: 'web-download' },
    leavingSecrets: (importId, send) => queries.withQuery(queryIn(location), { importId, sourceUri }, send),
  };
}
