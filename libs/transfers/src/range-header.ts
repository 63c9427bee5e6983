import { Problem } from '#libs/domain';

/** Part of an image's data, both ends included. */
export interface DataRange { readonly start: number; readonly end: number }

/**
 * What part of the data a request asks for: by `Range: bytes=…`, or by the older `Content-Range: bytes a-b/*` that some clients send
 * instead. Undefined means all of it. Several ranges are 400; what does not lie inside the data is RangeNotSatisfiable.
 * Source: RFC 9110 section 14; API.md section 8 for the older header and for the statuses.
 */
export function requestedRange(headers: { readonly range?: string | undefined; readonly contentRange?: string | undefined }, sizeBytes: number): DataRange | undefined {
  if (headers.range !== undefined) return fromRange(headers.range, sizeBytes);
  if (headers.contentRange !== undefined) return fromContentRange(headers.contentRange, sizeBytes);
  return undefined;
}

function fromRange(header: string, sizeBytes: number): DataRange {
  if (header.includes(',')) throw new Problem('InvalidRequest', { detail: 'Only one range can be asked for at a time. Send several requests.' });
  const [, first = '', last = ''] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header) ?? [];
  if (first === '' && last === '') throw unsatisfiable(header, sizeBytes);
  if (first === '') return inside(header, Math.max(0, sizeBytes - Number(last)), sizeBytes - 1, sizeBytes);
  return inside(header, Number(first), last === '' ? sizeBytes - 1 : Number(last), sizeBytes);
}

function fromContentRange(header: string, sizeBytes: number): DataRange {
  const match = /^\s*bytes\s+(\d{1,15})-(\d{1,15})\/(\*|\d{1,15})\s*$/i.exec(header);
  if (!match) throw unsatisfiable(header, sizeBytes);
  // Unlike a Range, which may reach beyond the end, this one tells the bytes exactly.
  if (Number(match[2]) >= sizeBytes) throw unsatisfiable(header, sizeBytes);
  return inside(header, Number(match[1]), Number(match[2]), sizeBytes);
}

function inside(header: string, start: number, end: number, sizeBytes: number): DataRange {
  if (start > end || start >= sizeBytes) throw unsatisfiable(header, sizeBytes);
  return { start, end: Math.min(end, sizeBytes - 1) };
}

const unsatisfiable = (range: string, sizeBytes: number): Problem => new Problem('RangeNotSatisfiable', { range, sizeBytes });
