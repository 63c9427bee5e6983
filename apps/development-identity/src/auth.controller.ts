import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { domain, projectsOf, rolesOf } from './directory.js';
import { grantOf, hasRole, IDENTITY, tokenBody, type DevelopmentIdentity, type RequestHeaders } from './identity.js';
import { notFound, Refusal } from './refusal.js';
import { domainBody, projectBody } from './resource-bodies.js';
import { signIn } from './sign-in.js';
import type { Grant } from './tokens.js';

/** Tokens: given out, validated, revoked. Source: Identity API v3, "Authentication and token management". */
@Controller('v3/auth')
export class AuthController {
  constructor(@Inject(IDENTITY) private readonly identity: DevelopmentIdentity) {}

  @Post('tokens')
  @HttpCode(201)
  issue(@Body() body: unknown, @Res({ passthrough: true }) reply: FastifyReply) {
    const { tokens, password, now, catalogue } = this.identity;
    const issuedAt = now();
    const grant: Grant = { ...signIn(body, password, tokens, issuedAt), issuedAt };
    void reply.header('x-subject-token', tokens.issue(grant)).header('vary', 'X-Auth-Token');
    return { token: tokenBody(grant, catalogue()) };
  }

  /** HEAD comes here too, and has its body left out by the server. */
  @Get('tokens')
  validate(@Headers() headers: RequestHeaders, @Query('allow_expired') allowExpired: string | undefined, @Res({ passthrough: true }) reply: FastifyReply) {
    const { token, grant } = this.subject(headers, allowExpired !== undefined && allowExpired !== '0');
    void reply.header('x-subject-token', token).header('vary', 'X-Auth-Token');
    return { token: tokenBody(grant, this.identity.catalogue()) };
  }

  @Delete('tokens')
  @HttpCode(204)
  revoke(@Headers() headers: RequestHeaders): void {
    this.identity.tokens.revoke(this.subject(headers, false).token);
  }

  @Get('catalog')
  catalog(@Headers() headers: RequestHeaders) {
    if (grantOf(this.identity, headers).scope === undefined) throw new Refusal(403, 'An unscoped token has no catalogue. Ask for one with a scope.');
    return { catalog: this.identity.catalogue().entries, links: {} };
  }

  @Get('projects')
  projects(@Headers() headers: RequestHeaders) {
    return { projects: projectsOf(grantOf(this.identity, headers).user).map(projectBody), links: {} };
  }

  @Get('domains')
  domains(@Headers() headers: RequestHeaders) {
    return { domains: rolesOf(grantOf(this.identity, headers).user, 'domain').length > 0 ? [domainBody(domain)] : [], links: {} };
  }

  @Get('system')
  system(@Headers() headers: RequestHeaders) {
    return { system: rolesOf(grantOf(this.identity, headers).user, 'system').length > 0 ? [{ all: true }] : [], links: {} };
  }

  /** The token that is asked about. Anybody may ask about his own ones, a service or an administrator about every one. */
  private subject(headers: RequestHeaders, isExpiredAllowed: boolean): { token: string; grant: Grant } {
    const asking = grantOf(this.identity, headers);
    const token = headers['x-subject-token'];
    if (token === undefined) throw new Refusal(400, 'The header X-Subject-Token is missing.');
    const grant = this.identity.tokens.find(token, this.identity.now(), isExpiredAllowed);
    if (!grant) throw notFound('token');
    if (grant.user.id !== asking.user.id && !hasRole(asking, 'admin', 'service')) throw new Refusal(403, 'Only a service or an administrator may ask about the token of another.');
    return { token, grant };
  }
}
