import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { grantOf, hasRole, IDENTITY, needAdmin, type DevelopmentIdentity, type RequestHeaders } from './identity.js';
import type { Limits, ProjectLimit } from './limits.js';
import { Refusal } from './refusal.js';
import type { Grant } from './tokens.js';

type Given = Readonly<Record<string, unknown>>;
type Query = Readonly<Record<string, string>>;

/** Limits of projects, so that they can be tried. Source: Identity API v3, "Unified limits". */
@Controller('v3')
export class LimitsController {
  private readonly limits: Limits;
  constructor(@Inject(IDENTITY) private readonly identity: DevelopmentIdentity) {
    this.limits = identity.limits;
  }

  @Get('limits/model')
  model(@Headers() headers: RequestHeaders) {
    grantOf(this.identity, headers);
    return { model: { name: 'flat', description: 'A limit of a project, or the default where it has none.' } };
  }

  /** Everybody may know the defaults. */
  @Get('registered_limits')
  listRegistered(@Headers() headers: RequestHeaders, @Query() query: Query) {
    grantOf(this.identity, headers);
    return { registered_limits: this.limits.registered.list(query), links: {} };
  }

  @Post('registered_limits')
  @HttpCode(201)
  register(@Headers() headers: RequestHeaders, @Body() body: Given) {
    this.administrator(headers);
    return { registered_limits: this.limits.registered.add(listIn(body, 'registered_limits')), links: {} };
  }

  @Get('registered_limits/:id')
  showRegistered(@Headers() headers: RequestHeaders, @Param('id') id: string) {
    grantOf(this.identity, headers);
    return { registered_limit: this.limits.registered.find(id) };
  }

  @Patch('registered_limits/:id')
  changeRegistered(@Headers() headers: RequestHeaders, @Param('id') id: string, @Body() body: Given) {
    this.administrator(headers);
    return { registered_limit: this.limits.registered.change(id, objectIn(body, 'registered_limit')) };
  }

  @Delete('registered_limits/:id')
  @HttpCode(204)
  removeRegistered(@Headers() headers: RequestHeaders, @Param('id') id: string): void {
    this.administrator(headers);
    this.limits.registered.remove(id);
  }

  /** Services and administrators see those of all projects, everybody else those of his own. */
  @Get('limits')
  list(@Headers() headers: RequestHeaders, @Query() query: Query) {
    const grant = grantOf(this.identity, headers);
    return { limits: this.limits.limits.list(query).filter((limit) => maySee(grant, limit)), links: {} };
  }

  @Post('limits')
  @HttpCode(201)
  add(@Headers() headers: RequestHeaders, @Body() body: Given) {
    this.administrator(headers);
    return { limits: this.limits.limits.add(listIn(body, 'limits')), links: {} };
  }

  @Get('limits/:id')
  show(@Headers() headers: RequestHeaders, @Param('id') id: string) {
    const grant = grantOf(this.identity, headers);
    const limit = this.limits.limits.find(id);
    if (!maySee(grant, limit)) throw new Refusal(403, 'This is the limit of another project.');
    return { limit };
  }

  @Patch('limits/:id')
  change(@Headers() headers: RequestHeaders, @Param('id') id: string, @Body() body: Given) {
    this.administrator(headers);
    return { limit: this.limits.limits.change(id, objectIn(body, 'limit')) };
  }

  @Delete('limits/:id')
  @HttpCode(204)
  remove(@Headers() headers: RequestHeaders, @Param('id') id: string): void {
    this.administrator(headers);
    this.limits.limits.remove(id);
  }

  private administrator(headers: RequestHeaders): void {
    needAdmin(grantOf(this.identity, headers));
  }
}

const maySee = (grant: Grant, limit: ProjectLimit): boolean =>
  hasRole(grant, 'admin', 'service') || (typeof grant.scope === 'object' && grant.scope.project.id === limit.project_id);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function objectIn(body: Given, name: string): Record<string, unknown> {
  const value = isObject(body) ? body[name] : undefined;
  if (isObject(value)) return value;
  throw new Refusal(400, `The body must be an object with ${name}.`);
}

function listIn(body: Given, name: string): Record<string, unknown>[] {
  const value = isObject(body) ? body[name] : undefined;
  if (Array.isArray(value) && value.length > 0 && value.every(isObject)) return value;
  throw new Refusal(400, `The body must be an object with a list ${name}.`);
}
