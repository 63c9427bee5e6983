import { projectedSubject, questionSubject, type Projected, type StatusAnswer } from '#libs/contracts';
import { jetStreamEventLog } from '#libs/event-log';
import { createKeystoneIdentity, noProtections, policyFromFile, propertyProtections, type Identity, type KeystoneOptions } from '#libs/identity';
import { traceHeaders, type ServiceParts } from '#libs/platform';
import { openReadModel } from '#libs/read-model';
import { openStores } from '#libs/stores';
import { ensureSameLease } from '#libs/transfers';
import type { ActionsRoom } from './actions/actions.room.js';
import type { GatewayConfig } from './config.js';
import type { DataRoom } from './data/data.room.js';
import { openData } from './data/open-data.js';
import { openAuditAccess } from './events/audit-access.js';
import { openEvents, type EventsRoom } from './events/events.room.js';
import { acknowledged, type Acknowledged } from './images/acknowledged.js';
import { imageShower, imageWriter, shownAlike } from './images/image.view.js';
import { customProperties } from './images/image-schema-file.js';
import { imageSchema } from './images/image.schema.js';
import { images } from './images/images.js';
import { permissions } from './images/permissions.js';
import { metadefPermissions } from './metadefs/metadef-permissions.js';
import { metadefs } from './metadefs/metadefs.js';
import { openQueries, type QueriesRoom } from './imports/queries.room.js';
import { openProgress, type ProgressRoom } from './progress/progress.room.js';
import { openRegions, type RegionsRoom } from './regions/regions.room.js';
import { replicationRoom, type ReplicationRoom } from './replication/replication.room.js';
import { protectedProperties } from './images/protected-properties.js';
import { webhooksRoom, type WebhooksRoom } from './webhooks/webhooks.room.js';
import { gatewayRules, storesConfig } from './rules.js';
import type { GatewayRules, ImageRoom, MetadefRoom } from './tokens.js';

/** Everything that the gateway's controllers work with, as values. */
export interface Gateway {
  readonly identity: Identity;
  readonly rules: GatewayRules;
  readonly room: ImageRoom;
  readonly metadefs: MetadefRoom;
  readonly data: DataRoom;
  readonly progress: ProgressRoom;
  readonly events: EventsRoom;
  readonly regions: RegionsRoom;
  readonly queries: QueriesRoom;
  readonly webhooks: WebhooksRoom;
  readonly replication: ReplicationRoom;
  readonly actions: ActionsRoom;
}

/** Who asks is told by Keystone. */
function keystoneIdentity({ config, logger, readiness }: ServiceParts<GatewayConfig>): Identity {
  const { wwwAuthenticateUri } = config;
  const identity = createKeystoneIdentity({
    authUrl: config.authUrl, ...(wwwAuthenticateUri === '' ? {} : { wwwAuthenticateUri }),
    serviceUser: serviceUser(config),
    tokenCacheTime: config.tokenCacheTime, serviceTokenRoles: config.serviceTokenRoles, serviceTokenRolesRequired: config.serviceTokenRolesRequired,
    carried: () => ({ ...traceHeaders() }), warn: (message) => logger.warn(message),
  });
  readiness.add('identity', () => identity.check());
  return identity;
}

function serviceUser(config: GatewayConfig): KeystoneOptions['serviceUser'] {
  const { applicationCredentialId, applicationCredentialSecret, username, password = '', projectName, userDomainId, projectDomainId } = config;
  if (applicationCredentialId !== undefined && applicationCredentialSecret !== undefined) return { applicationCredentialId, applicationCredentialSecret };
  return { username, password, projectName, userDomainId, projectDomainId };
}

/** Opens what the gateway reads, sends and stores with. Closed by the service's shutdown. */
export async function openGateway(parts: ServiceParts<GatewayConfig>, identity: Identity = keystoneIdentity(parts)): Promise<Gateway> {
  const { config, logger, bus, readiness, shutdown } = parts;
  const readModel = await openReadModel({ url: config.databaseUrl, poolSize: config.databasePoolSize, statementTimeoutMs: config.readTimeout * 1000 });
  shutdown.add('read model', () => readModel.close());
  readiness.add('postgresql', async () => { await readModel.position(); });

  const policy = policyFromFile({
    path: config.policyFile,
    log: { info: (message) => logger.info(message), warn: (message) => logger.warn(message), error: (message) => logger.error(message) },
  });
  const seen = acknowledged();
  await followAcknowledged(parts, seen);
  readiness.add('catalog', async () => {
    ensureSameLease(config.leaseSeconds, await bus.ask<StatusAnswer>(questionSubject(bus.region, 'status'), {}, { timeoutMs: 1500 }));
  });

  const configured = storesConfig(config);
  const rules = gatewayRules(config, configured);
  const allowed = permissions(policy);
  await openAuditAccess(parts, identity, allowed);
  const metadefsAllowed = metadefPermissions(policy);
  const protections = config.propertyProtectionFile === '' ? noProtections
    : propertyProtections({ path: config.propertyProtectionFile, format: config.propertyProtectionRuleFormat }, policy);
  const properties = protectedProperties(protections);
  const stores = await openStores(configured);
  const schema = imageSchema(config, customProperties(config.imageSchemaFile));
  const shown = { ...rules.locations, readOnlyStoreIds: rules.readOnlyStoreIds, storeIdsByWeight: stores.byWeight().map(({ id }) => id) };
  const show = imageShower(properties, allowed, schema, shown);
  const room: ImageRoom = {
    images: images({ bus, readModel, permissions: allowed, acknowledged: seen, address: rules }),
    permissions: allowed, properties, show, write: imageWriter(show, shownAlike(properties, shown)), schema, readModel, acknowledged: seen,
  };
  const [data, progress, queries, regions] = [await openData(parts, stores, readModel), openProgress(parts), openQueries(parts), openRegions(parts)];
  return {
    identity, rules, room, data, progress, queries, regions,
    events: openEvents(parts),
    replication: replicationRoom({ bus, readModel, permissions: allowed, acknowledged: seen, address: rules }),
    webhooks: webhooksRoom(parts),
    actions: { room, rules, data, progress, queries, regions, mostOpen: config.actionsPerProject },
    metadefs: {
      metadefs: metadefs({ bus, readModel, permissions: metadefsAllowed, acknowledged: seen, address: rules }),
      permissions: metadefsAllowed, readModel, acknowledged: seen,
    },
  };
}

/** Begins at the end of the log, which nothing acknowledged lies beyond, and goes with what the projector announces. */
async function followAcknowledged({ bus }: ServiceParts<GatewayConfig>, seen: Acknowledged): Promise<void> {
  bus.connection.subscribe(projectedSubject(bus.region), {
    callback: (error, message) => { if (!error) seen.advance(message.json<Projected>().sequence); },
  });
  const log = await jetStreamEventLog(bus.connection, { region: bus.region });
  seen.advance((await log.extent()).lastSequence);
}
