import { signCapability, type RemoteImage } from '#libs/contracts';
import { Problem, type ImportInProgress } from '#libs/domain';
import { isOsHashAlgo } from '#libs/stores';
import { askService, openServiceBytes } from './service-bytes.js';
import type { OpenSource, Source } from './sources.js';

export interface FederationLine {
  readonly federationUrl: string;
  readonly capabilityKey: string;
  readonly limitBytes: number;
  /** How long federation may be silent: it waits for the other region, and tries again, by itself. */
  readonly idleMs: number;
  clock(): Date;
}

type RemoteImport = Pick<ImportInProgress, 'importId' | 'sourceRegion'>;

/** A capability opens one connection, and is signed right before it. */
const validForMs = 60_000;
const what = 'The federation service';

/**
 * glance-download: an image of another region, which federation fetches with the caller's token. Formats and properties first, then the bytes.
 * Refuses: RegionNotInCatalogue, RemoteTokenRefused, RemoteTokenLost, RemoteImageNotFound, -Forbidden, -NotActive, -Unusable, RemoteRegionFailed, ImageTooLarge, Unavailable.
 */
export const remoteSource = (line: FederationLine): OpenSource => async ({ imageId, importing }, { signal, describe }) => {
  const url = (path: string) => (): string => `${line.federationUrl}/downloads/${capabilityOf(line, imageId, importing)}${path}`;
  const remote = await askService<RemoteImage>({ url: url(''), what, signal });
  if (remote.sizeBytes > line.limitBytes) throw new Problem('ImageTooLarge', { limitBytes: line.limitBytes });
  await describe(remote);
  const silence = silenceLimit(line.idleMs, () => new Problem('RemoteRegionFailed', {
    region: importing.sourceRegion ?? '', imageId: importing.sourceImageId ?? '', reason: `nothing arrived for ${line.idleMs / 1000} seconds`,
  }));
  const { bytes, close } = await openServiceBytes({ url: url('/data'), what, signal: AbortSignal.any([signal, silence.signal]) });
  return {
    bytes: silence.heardIn(bytes), declaredSizeBytes: remote.sizeBytes, hasOwnLimits: true, ...hashOf(remote),
    close() {
      silence.end();
      close();
      return Promise.resolve();
    },
  };
};

/** swift-download: an object of an object store, which federation fetches with the caller's token. Refuses: DownloadFailed, RemoteTokenLost, RemoteTokenRefused, ImageTooLarge, Unavailable. */
export const objectSource = (line: FederationLine): OpenSource => async ({ imageId, importing }, { signal }) => {
  const { sourceUri: uri = '' } = importing;
  const silence = silenceLimit(line.idleMs, () => new Problem('DownloadFailed', { uri, reason: `nothing arrived for ${line.idleMs / 1000} seconds` }));
  const url = (): string => `${line.federationUrl}/downloads/${capabilityOf(line, imageId, importing)}/object`;
  const { sizeBytes, bytes, close } = await openServiceBytes({ url, what, signal: AbortSignal.any([signal, silence.signal]) });
  return {
    bytes: silence.heardIn(bytes), declaredSizeBytes: sizeBytes, hasOwnLimits: true,
    close() {
      silence.end();
      close();
      return Promise.resolve();
    },
  };
};

/** Tells federation that the import has ended, so that it forgets the token. A token that is not told of is forgotten when it expires. */
export async function endRemoteImport({ federationUrl, ...line }: Pick<FederationLine, 'federationUrl' | 'capabilityKey' | 'clock'>, imageId: string, importing: RemoteImport): Promise<void> {
  const signal = AbortSignal.timeout(5000);
  await fetch(`${federationUrl}/downloads/${capabilityOf(line, imageId, importing)}`, { method: 'DELETE', signal }).then((response) => response.body?.cancel(), () => undefined);
}

function capabilityOf({ capabilityKey, clock }: Pick<FederationLine, 'capabilityKey' | 'clock'>, imageId: string, { importId, sourceRegion = '' }: RemoteImport): string {
  return signCapability(capabilityKey, {
    may: 'fetch', imageId, attemptId: importId, fetches: { importId, region: sourceRegion }, expiresAt: new Date(clock().getTime() + validForMs),
    requestId: `import-${importId}`, actor: { userId: 'service:importer', authMethod: 'service' },
  });
}

/** By the hash that both sides know, else by md5; what the other region does not tell cannot be compared. */
function hashOf({ osHashAlgo, osHashValue, checksum }: RemoteImage): Pick<Source, 'expectedHash'> {
  if (osHashAlgo !== null && osHashValue !== null && isOsHashAlgo(osHashAlgo)) return { expectedHash: { algo: osHashAlgo, value: osHashValue } };
  return checksum === null ? {} : { expectedHash: { algo: 'md5', value: checksum } };
}

/** Ends bytes that stay away for too long while somebody waits for them. */
function silenceLimit(idleMs: number, reason: () => Problem) {
  const controller = new AbortController();
  const timer = setTimeout(() => { controller.abort(reason()); }, idleMs);
  timer.unref();
  return {
    signal: controller.signal,
    end: () => { clearTimeout(timer); },
    async *heardIn(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const chunk of bytes) {
        timer.refresh();
        yield chunk;
      }
    },
  };
}
