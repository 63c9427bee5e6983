import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { IDENTITY, type DevelopmentIdentity } from './identity.js';

/** Version discovery, which every client begins with. */
@Controller()
export class VersionsController {
  constructor(@Inject(IDENTITY) private readonly identity: DevelopmentIdentity) {}

  @Get()
  versions(@Res({ passthrough: true }) reply: FastifyReply) {
    void reply.status(300);
    return { versions: { values: [this.v3()] } };
  }

  @Get('v3')
  version() {
    return { version: this.v3() };
  }

  private v3() {
    return {
      id: 'v3.14', status: 'stable', updated: '2020-04-07T00:00:00Z',
      links: [{ rel: 'self', href: `${this.identity.identityUrl()}/` }],
      'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
    };
  }
}
