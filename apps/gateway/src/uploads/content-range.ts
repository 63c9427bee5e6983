import { Problem } from '#libs/domain';

/** Part of an upload: `at` its first byte and up to, without, `endsAt`. Without them the request only asks how far the upload is. */
export interface UploadRange { readonly at?: number; readonly endsAt?: number; readonly totalBytes?: number }

/**
 * What a `Content-Range` says of the body it comes with: `bytes 0-1048575/4194304`, with `*` for a size that nobody knows yet, or with `*` in place of the range, for no body.
 * Refuses: ContentRangeInvalid (416). Source: RFC 9110 section 14.4 and 14.5.
 */
export function uploadRange(given: string, contentLength: string | undefined): UploadRange {
  const refuse = (reason: string): never => { throw new Problem('ContentRangeInvalid', { given: given.slice(0, 100), reason }); };
  const [matched, first, last, total] = /^\s*bytes\s+(?:\*|(\d{1,15})-(\d{1,15}))\/(\*|\d{1,15})\s*$/i.exec(given) ?? [];
  if (matched === undefined) return refuse('it cannot be read');
  const size = total === '*' ? {} : { totalBytes: Number(total) };
  const range = first === undefined ? size : { at: Number(first), endsAt: Number(last) + 1, ...size };
  const reason = whyNot(range, contentLength === undefined ? undefined : Number(contentLength));
  return reason === undefined ? range : refuse(reason);
}

function whyNot({ at, endsAt = 0, totalBytes = Infinity }: UploadRange, lengthBytes: number | undefined): string | undefined {
  if (at === undefined) return lengthBytes ? 'it has no range for the bytes that came with it' : undefined;
  if (endsAt <= at) return 'it ends before it begins';
  if (endsAt > totalBytes) return 'it goes beyond the size that it tells';
  return lengthBytes !== undefined && lengthBytes !== endsAt - at ? `${lengthBytes} bytes came with it` : undefined;
}
