import { errnoOf } from './errno.js';

/** What went wrong on one connection, before anybody decided whether to try again. It never leaves this lib: callers get a Problem. */
export class LinkFailure extends Error {
  override readonly name = 'LinkFailure';

  constructor(
    /** Completes "Could not retrieve …: ", for a tenant to read; it never holds an address. */
    readonly reason: string,
    readonly isTransient: boolean,
    options?: ErrorOptions & { readonly retryAfterMs?: number },
  ) {
    super(reason, options);
    if (options?.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }

  /** How long the server asked us to stay away. */
  readonly retryAfterMs?: number;
}

const broken = 'the connection broke';
const unreachable = 'the host cannot be reached';
const transient: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused', ECONNRESET: broken, EPIPE: broken, ECONNABORTED: broken, ERR_STREAM_PREMATURE_CLOSE: broken,
  ETIMEDOUT: unreachable, EHOSTUNREACH: unreachable, ENETUNREACH: unreachable, EHOSTDOWN: unreachable, ENETDOWN: unreachable, EADDRNOTAVAIL: unreachable,
};

/** What Node says about a connection, in words without addresses. Errors that are not about connections pass through as they are. */
export function linkFailureOf(error: unknown): unknown {
  const code = errnoOf(error);
  const sentence = transient[code];
  if (sentence !== undefined) return new LinkFailure(sentence, true, { cause: error });
  if (code === 'HPE_HEADER_OVERFLOW') return new LinkFailure('the headers of the answer are too large', false, { cause: error });
  // A reply that is cut inside of its headers or chunks reads as bad HTTP, too.
  if (code === 'HPE_INVALID_EOF_STATE') return new LinkFailure(broken, true, { cause: error });
  if (code.startsWith('HPE_')) return new LinkFailure('the answer is not valid HTTP', false, { cause: error });
  if (isAboutTls(code)) return new LinkFailure('no trusted TLS connection to the host can be made', false, { cause: error });
  return error;
}

const isAboutTls = (code: string): boolean => /^ERR_(TLS|SSL|OSSL)_|CERT|^EPROTO$|^UNABLE_TO_|^HOSTNAME_MISMATCH$/.test(code);
