import { auditIssuer } from '#libs/contracts';
import { answerAuthCallouts } from '#libs/event-log';
import type { Identity } from '#libs/identity';
import type { ServiceParts } from '#libs/platform';
import type { GatewayConfig } from '../config.js';
import type { Permissions } from '../images/permissions.js';

/** Vouches at the NATS servers for tenants who bring a Keystone token and may read their project's feed. */
export async function openAuditAccess({ bus, config, logger }: Pick<ServiceParts<GatewayConfig>, 'bus' | 'config' | 'logger'>, identity: Identity, permissions: Permissions): Promise<void> {
  if (config.auditKey === undefined) return;
  await answerAuthCallouts({
    connection: bus.connection, region: bus.region, issuer: auditIssuer(config.auditKey), consumersPerProject: config.auditConsumersPerProject, clock: () => new Date(),
    async admit(token) {
      const caller = await identity.callerOf(token);
      const projectId = caller.projectId ?? undefined;
      permissions.requireFeed(caller, projectId);
      return { projectId: projectId ?? '', expiresAt: caller.expiresAt };
    },
    onRefused: (reason) => logger.info({ reason }, 'a tenant may not connect to NATS'),
    onFault: (error) => logger.error({ err: error }, 'whether a tenant may connect to NATS could not be answered'),
  });
}
