import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { known, lengthIn, partNamed, uploadNamed, wholePart, type UploadAsk, type UploadNotes, type UploadState } from '#libs/contracts';
import { Problem, type Attempt, type Image } from '#libs/domain';
import type { ImageRecord } from '#libs/read-model';
import { askOfUpload } from '../data/bring-to-staging.js';
import type { DataRoom } from '../data/data.room.js';
import type { SignedImport } from '../data/signing.js';
import { header, type Request } from '../edge/request.js';
import { pathOf } from '../images/images.js';
import { readImportRequest } from '../imports/import-request.js';
import type { GatewayRules, ImageRoom } from '../tokens.js';
import { readMetadata } from './upload-metadata.js';

/** The upload that is under way for an image: there is one at most. */
export const openUpload = ({ attempts }: Pick<Image, 'attempts'>): Attempt | undefined =>
  attempts.find(({ state, isResumable }) => state === 'open' && isResumable === true);

/** What uploads that can be resumed are done with, whichever protocol speaks of them. Everything refuses what the image and the staging service refuse. */
export function resumable(data: DataRoom, { images, permissions }: ImageRoom, rules: GatewayRules) {
  /** An image that the caller may bring data to. Refuses: RouteNotFound where nothing can be staged, ImageNotFound, Forbidden. */
  async function changeable(request: Request, path: string): Promise<ImageRecord> {
    if (!data.staging || !rules.importMethods.includes('glance-direct')) throw new Problem('RouteNotFound', { path: pathOf(request) });
    const asked = await images.visible(path, request);
    permissions.requireOn('modify_image', asked, request.caller);
    permissions.requireOn('import_image', asked, request.caller);
    return asked;
  }

  async function ask(request: Request, { imageId, image }: ImageRecord, attemptId: string, what: UploadAsk, withBody = false): Promise<UploadState> {
    if (!data.staging) throw new Problem('RouteNotFound', { path: pathOf(request) });
    return askOfUpload(data.staging, {
      imageId, attemptId, limitBytes: data.limitBytes('glance-direct', image.owner), ...images.senderOf(request),
      authorizedFor: { owner: image.owner, visibility: image.visibility },
      upload: { ask: what, formats: { diskFormat: image.diskFormat, containerFormat: image.containerFormat } },
    }, withBody ? request.raw : undefined);
  }

  /** What the caller wants of the data once it is there: key `import` of Upload-Metadata, as JSON like the body of POST /import, or empty. */
  function wantedImport(request: Request, signed: SignedImport): Wanted {
    const metadata = header(request, 'upload-metadata');
    const wanted = readMetadata(metadata).get('import');
    if (wanted === undefined) return metadata === undefined ? {} : { metadata };
    const body = wanted === '' ? { method: { name: 'glance-direct' } } : parsed(wanted);
    const then = readImportRequest(body, header(request, 'x-image-meta-store'), rules);
    if (then.method !== 'glance-direct') throw new Problem('InvalidRequest', { detail: 'Data that is uploaded is imported by glance-direct.' });
    const injectedProperties = rules.injection(then.method, request.caller);
    return { then: { ...then, ...(injectedProperties ? { injectedProperties } : {}), ...signed }, metadata: metadata ?? '' };
  }

  /** What the signature of the image will be checked with, where its import is asked for in advance. */
  const signing = async (request: Request, asked: ImageRecord): Promise<SignedImport> =>
    (readMetadata(header(request, 'upload-metadata')).has('import') ? data.signing.ofImport(request, asked) : {});

  /** Begins an upload, or a part that will be joined with others: these share one upload, which the first of them begins. Whoever did not hear that his had begun gets the one
   *  that he began. Refuses: UploadInProgress. */
  async function begin(request: Request, asked: ImageRecord, { totalBytes, isPartial = false }: { totalBytes?: number; isPartial?: boolean }): Promise<Begun> {
    const notes = { ...known({ totalBytes }), ...wantedImport(request, await signing(request, asked)) };
    if (isPartial) return beginPart(request, asked, notes);
    const underWay = openUpload(asked.image);
    const attemptId = underWay?.attemptId ?? randomUUID();
    const state = underWay ? await sameAgain(request, asked, attemptId, notes) : await ask(request, asked, attemptId, { do: 'open', isNew: true, part: wholePart, ...notes });
    return { state, attemptId, part: wholePart };
  }

  /** Several parts begin at once, and one of them is the first: the others find its upload when they look again. */
  async function beginPart(request: Request, asked: ImageRecord, notes: UploadNotes & Wanted): Promise<Begun> {
    const part = partNamed(randomBytes(4).toString('hex'), notes.totalBytes);
    for (let triesLeft = 10, image = asked; ; triesLeft -= 1, image = await images.visible(asked.imageId, request)) {
      const underWay = openUpload(image.image);
      const attemptId = underWay?.attemptId ?? randomUUID();
      try {
        return { state: await ask(request, image, attemptId, { do: 'open', isNew: !underWay, part, ...notes }), attemptId, part };
      } catch (error) {
        if (triesLeft === 0 || !isConflict(error)) throw error;
        await pause(50);
      }
    }
  }

  async function sameAgain(request: Request, asked: ImageRecord, uploadId: string, notes: UploadNotes & Wanted): Promise<UploadState> {
    const { totalBytes, metadata } = notes;
    const told = await ask(request, asked, uploadId, { do: 'tell', part: wholePart });
    const isSame = told.totalBytes === totalBytes && told.metadata === metadata;
    const isBare = told.totalBytes === undefined && told.metadata === undefined;
    if (told.at > 0 || !(isSame || isBare)) throw new Problem('UploadInProgress', { imageId: asked.imageId, uploadId });
    return ask(request, asked, uploadId, { do: 'open', isNew: false, part: wholePart, ...notes });
  }

  /** How far an upload is, also one whose data is staged, or was once. Refuses: UploadNotFound. */
  async function stateOf(request: Request, asked: ImageRecord, uploadId: string): Promise<UploadState> {
    const { imageId, image } = asked;
    const { attemptId = '', part = wholePart } = uploadNamed(uploadId) ?? {};
    if (attemptId !== '' && openUpload(image)?.attemptId === attemptId) return ask(request, asked, attemptId, { do: 'tell', part });
    const sizeBytes = lengthOf(part, image.staged?.attemptId === attemptId ? image.staged.sizeBytes : await stagedOnce(imageId, attemptId));
    if (sizeBytes === undefined) throw new Problem('UploadNotFound', { imageId, uploadId: uploadId.slice(0, 64) });
    return stagedState(uploadId, sizeBytes);
  }

  /** A client whose last answer was lost finds out from the history that all of it had arrived, however much has happened since; so does one of the parts that were joined. */
  async function stagedOnce(imageId: string, attemptId: string): Promise<number | undefined> {
    for (let afterVersion = 0, hasMore = true; hasMore;) {
      const page = await images.history(imageId, { afterVersion, limit: 100 });
      for (const { version, events } of page.entries) {
        afterVersion = version;
        for (const event of events) if (event.type === 'ImageDataStaged' && event.data.attemptId === attemptId) return event.data.sizeBytes;
      }
      hasMore = page.hasMore && page.entries.length > 0;
    }
    return undefined;
  }

  return { changeable, ask, begin, stateOf, wantedImport, signing };
}

/** How large a part was whose whole upload is staged; undefined where it is not. */
const lengthOf = (part: string, wholeBytes: number | undefined): number | undefined => (part === wholePart || wholeBytes === undefined ? wholeBytes : lengthIn(part));

const isConflict = (error: unknown): boolean => error instanceof Problem && error.code === 'ImageStatusConflict';

type Wanted = Pick<Extract<UploadAsk, { do: 'open' }>, 'then' | 'metadata'>;
interface Begun { readonly state: UploadState; readonly attemptId: string; readonly part: string }

export const stagedState = (uploadId: string, sizeBytes: number): UploadState => ({ uploadId, at: sizeBytes, totalBytes: sizeBytes, isStaged: true });

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch { /* said below */ }
  throw new Problem('InvalidRequest', { detail: 'The key import of Upload-Metadata must hold JSON like the body of an import, or nothing.' });
}
