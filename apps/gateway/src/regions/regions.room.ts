import { questionSubject, sealAccess, type ReachedService, type RegionsAnswer, type RegionsQuestion } from '#libs/contracts';
import { Problem, type Image, type ImageCommand, type ProblemCode } from '#libs/domain';
import { sealedTokenDrop, type SealedTokenDrop } from '#libs/event-log';
import { imageEndpointOf } from '#libs/identity';
import type { ServiceParts } from '#libs/platform';
import type { GatewayConfig } from '../config.js';
import { header, type Request } from '../edge/request.js';

export const REGIONS = Symbol('regions');

type RequestImport = Extract<ImageCommand, { type: 'RequestImageImport' }>;

/** What the gateway does for images of other regions. */
export interface RegionsRoom {
  /**
   * Leaves the caller's token for an import from another region, sealed, where federation finds it, and then requests the import;
   * a token that no import came of is taken back. Refuses: RegionNotInCatalogue, Unavailable, and what `send` does. Source: DESIGN.md section 6.
   */
  withToken(request: Request, command: RequestImport, send: () => Promise<Image>): Promise<void>;
  /** Whether the image services at these addresses of a catalogue answer. Refuses: Unavailable. */
  reach(urls: readonly string[]): Promise<readonly ReachedService[]>;
}

export function openRegions({ config, bus }: Pick<ServiceParts<GatewayConfig>, 'config' | 'bus'>): RegionsRoom {
  return {
    withToken: leavingTokens(config.sealKey, sealedTokenDrop(bus.connection, { region: bus.region })),
    async reach(urls) {
      const question: RegionsQuestion = { urls };
      const { services } = await bus.ask<RegionsAnswer>(questionSubject(bus.region, 'regions'), question, { timeoutMs: 10_000, what: 'The federation service' });
      return services;
    },
  };
}

export function leavingTokens(sealKey: string | undefined, drop: SealedTokenDrop): RegionsRoom['withToken'] {
  async function leave({ caller: { catalog, expiresAt }, headers }: Request, { importId, sourceRegion = '', sourceImageId = '', sourceInterface = '' }: RequestImport): Promise<void> {
    const token = header({ headers }, 'x-auth-token');
    if (sealKey === undefined || token === undefined) throw new Problem('Unavailable', { what: 'The federation service', seconds: 60 });
    const endpoint = imageEndpointOf(catalog, { region: sourceRegion, interface: sourceInterface });
    await drop.put(importId, sealAccess(sealKey, { token, endpoint, imageId: sourceImageId }, { importId, region: sourceRegion, expiresAt }), expiresAt);
  }
  /** What cannot be taken back goes with its expiry. */
  const takeBack = (importId: string): Promise<void> => drop.withdraw(importId).catch(() => undefined);

  return async (request, command, send) => {
    const { importId } = command;
    await leave(request, command);
    try {
      const image = await send();
      if (image.importing?.importId !== importId) await takeBack(importId);
    } catch (error) {
      // After any other failure nobody knows whether the import was recorded.
      if (error instanceof Problem && !unknownOutcome.has(error.code)) await takeBack(importId);
      throw error;
    }
  };
}

const unknownOutcome: ReadonlySet<ProblemCode> = new Set(['Unavailable', 'NotYetVisible']);
