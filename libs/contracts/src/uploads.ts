import type { ImageCommand } from '#libs/domain';

/** The part of an upload that is sent as a whole, one request after another. */
export const wholePart = 'whole';

/** A name for one of several parts. It holds the length, where that is known, so that it can still be told when the parts are joined and gone. */
export const partNamed = (random: string, totalBytes: number | undefined): string => (totalBytes === undefined ? random : `${random}-${totalBytes.toString(16)}`);

/** The length that the name of a part holds. */
export function lengthIn(part: string): number | undefined {
  const [, length] = /-([0-9a-f]+)$/.exec(part) ?? [];
  return length === undefined ? undefined : parseInt(length, 16);
}

/** What an upload, or one of several parts that will be joined, is called in URLs. */
export const uploadIdOf = (attemptId: string, part: string): string => (part === wholePart ? attemptId : `${attemptId}.${part}`);

/** What such a name means; undefined for any other text. */
export function uploadNamed(uploadId: string): { readonly attemptId: string; readonly part: string } | undefined {
  const [, attemptId, part = wholePart] = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.([0-9a-f]{8}(?:-[0-9a-f]{1,13})?))?$/.exec(uploadId) ?? [];
  return attemptId === undefined ? undefined : { attemptId, part };
}

/** What the gateway asks the staging service to do with an upload that can be resumed; the attempt's id is the upload's. */
export type UploadAsk =
  /** Begins an upload, or another part of one that began (`isNew` false). `then` is what its data is for, once all of it is there. */
  | ({ readonly do: 'open'; readonly isNew: boolean; readonly part: string; readonly then?: ImportCommand } & UploadNotes)
  /** Takes the body to the end of a part, which must be at `at`. */
  | { readonly do: 'append'; readonly part: string; readonly at: number; readonly totalBytes?: number; readonly checksum?: PartChecksum }
  /** Says how far it is; whatever is still being appended by an earlier request ends. */
  | { readonly do: 'tell'; readonly part: string }
  /** Makes the parts, in this order, the data. */
  | ({ readonly do: 'join'; readonly parts: readonly string[]; readonly then?: ImportCommand } & UploadNotes)
  /** Gives the upload up, or one of its parts. */
  | { readonly do: 'end'; readonly part: string };

export interface UploadNotes {
  /** How many bytes it will have; absent while nobody says. */
  readonly totalBytes?: number;
  /** The client's own words, given back as they came. */
  readonly metadata?: string;
}

/** `value` is base64. */
export interface PartChecksum { readonly algorithm: ChecksumAlgorithm; readonly value: string }
export const checksumAlgorithms = ['sha1', 'md5', 'sha256', 'sha512'] as const;
export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number];

type ImportCommand = Extract<ImageCommand, { type: 'RequestImageImport' }>;

/** How far an upload, or a part of it, is. */
export interface UploadState extends UploadNotes {
  readonly uploadId: string;
  /** Bytes that are there to stay. */
  readonly at: number;
  /** ISO 8601: until then somebody must go on with it; absent once all is there. */
  readonly expiresAt?: string;
  /** All of it is there, is recorded, and waits for its import. */
  readonly isStaged: boolean;
}
