import { header, type Request } from './request.js';

/** Whether the client wants to listen (`Accept: text/event-stream`) rather than to be answered once. */
export const wantsEvents = (request: Request): boolean =>
  (header(request, 'accept') ?? '').split(',').some((type) => type.split(';')[0]?.trim().toLowerCase() === 'text/event-stream');
