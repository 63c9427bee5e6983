import { signCapability } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { openServiceBytes } from './service-bytes.js';
import type { OpenSource } from './sources.js';

export interface StagingLine {
  readonly stagingUrl: string;
  readonly capabilityKey: string;
  clock(): Date;
}

/** A capability opens one connection, and is signed right before it. */
const validForMs = 60_000;

/** glance-direct: what waits in the staging area, fetched from the service that has it. Refuses: ImageDataNotFound, Unavailable. */
export const stagedSource = ({ stagingUrl, capabilityKey, clock }: StagingLine): OpenSource => async ({ imageId, image: { staged }, importing }, { signal }) => {
  if (!staged) throw new Problem('ImageDataNotFound', { imageId, storeId: 'staging' });
  const url = (): string => {
    const capability = signCapability(capabilityKey, {
      may: 'read', imageId, attemptId: staged.attemptId, expiresAt: new Date(clock().getTime() + validForMs),
      requestId: `import-${importing.importId}`, actor: { userId: 'service:importer', authMethod: 'service' },
    });
    return `${stagingUrl}/transfers/${capability}`;
  };
  const { bytes, close } = await openServiceBytes({ url, what: 'The staging area', signal });
  return { bytes, declaredSizeBytes: staged.sizeBytes, close: () => Promise.resolve(close()) };
};
