import { randomUUID } from 'node:crypto';
import { questionSubject, sealAccess, sealRegionsAccess, type CopiesAnswer, type CopiesOfRegion, type CopiesQuestion, type NoAccess, type ReachedService, type RemoteAccess, type RegionsAnswer, type RegionsQuestion } from '#libs/contracts';
import { Problem, type Image, type ImageCommand, type Lineage } from '#libs/domain';
import { sealedTokenDrop, type SealedTokenDrop } from '#libs/event-log';
import { imageEndpointOf, imageEndpoints, namesOfEndpoints } from '#libs/identity';
import type { ServiceParts } from '#libs/platform';
import type { GatewayConfig } from '../config.js';
import { header, type Request } from '../edge/request.js';
import { leavingSealed } from '../imports/left-sealed.js';

export const REGIONS = Symbol('regions');

type RequestImport = Extract<ImageCommand, { type: 'RequestImageImport' }>;

/** What the gateway does for images of other regions. */
export interface RegionsRoom {
  /**
   * Leaves the caller's token for an import from another region, sealed, where federation finds it, and then requests the import;
   * a token that no import came of is taken back. Refuses: Unavailable, and what `send` does. Source: DESIGN.md section 6.
   */
  withToken(request: Request, command: RequestImport, send: () => Promise<Image>): Promise<void>;
  /**
   * The same for an object of the caller's object store, at this address. Refuses: UriNotAllowed where nothing is sealed here, Unavailable, and what `send` does.
   */
  withObjectToken(request: Request, object: { readonly importId: string; readonly location: string; readonly url: string }, send: () => Promise<Image>): Promise<void>;
  /**
   * The same for a copy from this region to others: the token with the addresses of their image services. Refuses: RegionNotInCatalogue, Unavailable, and what `send` does.
   */
  withRegionsToken(request: Request, copy: { readonly importId: string; readonly regions: readonly string[] }, send: () => Promise<Image>): Promise<void>;
  /** Whether the image services at these addresses of a catalogue answer. Refuses: Unavailable. */
  reach(urls: readonly string[]): Promise<readonly ReachedService[]>;
  /** The images of the regions in the caller's catalogue that say they come from this one, as far as he may see them there. Refuses: Unavailable. */
  copies(request: Request, origin: Pick<Lineage, 'originRegion' | 'originId'>): Promise<readonly CopiesOfRegion[]>;
}

export function openRegions({ config, bus }: Pick<ServiceParts<GatewayConfig>, 'config' | 'bus'>): RegionsRoom {
  return {
    withToken: leavingTokens(config.sealKey, sealedTokenDrop(bus.connection, { region: bus.region })),
    withObjectToken: leavingObjectTokens(config.sealKey, sealedTokenDrop(bus.connection, { region: bus.region })),
    withRegionsToken: leavingRegionsTokens(config.sealKey, sealedTokenDrop(bus.connection, { region: bus.region })),
    async reach(urls) {
      const question: RegionsQuestion = { urls };
      const { services } = await bus.ask<RegionsAnswer>(questionSubject(bus.region, 'regions'), question, { timeoutMs: 10_000, what: 'The federation service' });
      return services;
    },
    async copies(request, origin) {
      const question = copiesQuestion(config.sealKey, request, origin);
      if (question.regions.length === 0) return [];
      const { regions } = await bus.ask<CopiesAnswer>(questionSubject(bus.region, 'copies'), question, { timeoutMs: 20_000, what: 'The federation service' });
      return regions;
    },
  };
}

export function leavingTokens(sealKey: string | undefined, drop: SealedTokenDrop): RegionsRoom['withToken'] {
  return async (request, command, send) => {
    const { importId, sourceRegion = '' } = command;
    const { expiresAt } = request.caller;
    if (sealKey === undefined) throw new Problem('Unavailable', { what: 'The federation service', seconds: 60 });
    const sealed = sealAccess(sealKey, accessOf(request, command), { importId, region: sourceRegion, expiresAt });
    await leavingSealed(drop, { importId, sealed, until: expiresAt }, send);
  };
}

export function leavingObjectTokens(sealKey: string | undefined, drop: SealedTokenDrop): RegionsRoom['withObjectToken'] {
  return async (request, { importId, location, url }, send) => {
    const { caller: { expiresAt }, headers } = request;
    const token = header({ headers }, 'x-auth-token');
    if (sealKey === undefined || token === undefined) throw new Problem('UriNotAllowed', { part: 'objects of Swift cannot be fetched here, because the operator has set no heliograph.seal_key' });
    const sealed = sealAccess(sealKey, { token, endpoint: url, imageId: location }, { importId, region: '', expiresAt });
    await leavingSealed(drop, { importId, sealed, until: expiresAt }, send);
  };
}

export function leavingRegionsTokens(sealKey: string | undefined, drop: SealedTokenDrop): RegionsRoom['withRegionsToken'] {
  return async ({ caller: { catalog, expiresAt }, headers }, { importId, regions }, send) => {
    const token = header({ headers }, 'x-auth-token');
    if (sealKey === undefined || token === undefined) throw new Problem('Unavailable', { what: 'The federation service', seconds: 60 });
    const endpoints = Object.fromEntries(regions.map((region): [string, string] => {
      const endpoint = imageEndpointOf(catalog, { region, interface: 'public' });
      if (endpoint === undefined) throw new Problem('RegionNotInCatalogue', { region: region.slice(0, 64), interface: 'public', known: namesOfEndpoints(catalog) });
      return [region, endpoint];
    }));
    await leavingSealed(drop, { importId, sealed: sealRegionsAccess(sealKey, { token, endpoints }, importId, expiresAt), until: expiresAt }, send);
  };
}

/** Where the catalogue has no such region that is told in the token's place: the import is taken, as by Glance, and fails with it. */
function accessOf({ caller: { catalog }, headers }: Request, { sourceRegion = '', sourceImageId = '', sourceInterface = '' }: RequestImport): RemoteAccess | NoAccess {
  const endpoint = imageEndpointOf(catalog, { region: sourceRegion, interface: sourceInterface });
  if (endpoint === undefined) return { interface: sourceInterface, known: namesOfEndpoints(catalog) };
  const token = header({ headers }, 'x-auth-token');
  if (token === undefined) throw new Problem('Unavailable', { what: 'The federation service', seconds: 60 });
  return { token, endpoint, imageId: sourceImageId };
}

/** One question to every region of the caller's catalogue that has a public image service. */
export function copiesQuestion(sealKey: string | undefined, { caller, headers }: Pick<Request, 'caller' | 'headers'>, origin: Pick<Lineage, 'originRegion' | 'originId'>): CopiesQuestion {
  const token = header({ headers }, 'x-auth-token');
  if (sealKey === undefined || token === undefined) throw new Problem('Unavailable', { what: 'The federation service', seconds: 60 });
  const questionId = randomUUID();
  const endpoints = imageEndpoints(caller.catalog).filter((endpoint) => endpoint.interface === 'public' && URL.canParse(endpoint.url)).slice(0, mostRegionsAsked);
  const regions = endpoints.map(({ region, url }) => ({ name: region, sealed: sealAccess(sealKey, { token, endpoint: url, imageId: origin.originId }, { importId: questionId, region, expiresAt: caller.expiresAt }) }));
  return { questionId, ...origin, regions };
}

const mostRegionsAsked = 100;
