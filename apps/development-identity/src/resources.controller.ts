import { Controller, Get, Headers, Inject, Param, Query } from '@nestjs/common';
import { services } from './catalogue.js';
import { domain, projects, projectsOf, roles, users } from './directory.js';
import { grantOf, IDENTITY, needAdmin, type DevelopmentIdentity, type RequestHeaders } from './identity.js';
import { notFound } from './refusal.js';
import { domainBody, projectBody, roleBody, userBody } from './resource-bodies.js';
import type { Grant } from './tokens.js';

interface Resource { readonly id: string }

/** Collections by the word of their URL; the second is what one of them is called in an answer. */
const singular: Readonly<Record<string, string>> = {
  domains: 'domain', projects: 'project', users: 'user', roles: 'role', regions: 'region', services: 'service', endpoints: 'endpoint',
};

/** What is known besides tokens, to be read only: people and projects here are fixed. Source: Identity API v3. */
@Controller('v3')
export class ResourcesController {
  constructor(@Inject(IDENTITY) private readonly identity: DevelopmentIdentity) {}

  @Get('users/:userId/projects')
  projectsOfUser(@Headers() headers: RequestHeaders, @Param('userId') userId: string) {
    const grant = grantOf(this.identity, headers);
    if (grant.user.id !== userId) needAdmin(grant);
    const user = users.find(({ id }) => id === userId);
    if (!user) throw notFound(`user: ${userId}`);
    return { projects: projectsOf(user).map(projectBody), links: {} };
  }

  /** Who is no administrator must name what he looks for: enough to share an image with a project by its name. */
  @Get(':collection')
  list(@Headers() headers: RequestHeaders, @Param('collection') collection: string, @Query() query: Readonly<Record<string, string>>) {
    const grant = grantOf(this.identity, headers);
    const resources = this.collection(collection);
    if (query['name'] === undefined) needAdmin(grant);
    return { [collection]: resources.filter((resource) => matches(resource, query)), links: { next: null, previous: null } };
  }

  @Get(':collection/:id')
  show(@Headers() headers: RequestHeaders, @Param('collection') collection: string, @Param('id') id: string) {
    const grant = grantOf(this.identity, headers);
    const resource = this.collection(collection).find((each) => each.id === id);
    if (!resource) throw notFound(`${singular[collection] ?? 'resource'}: ${id}`);
    if (!isOpenTo(grant, collection, id)) needAdmin(grant);
    return { [singular[collection] ?? 'resource']: resource };
  }

  private collection(name: string): readonly Resource[] {
    switch (name) {
      case 'domains': return [domainBody(domain)];
      case 'projects': return projects.map(projectBody);
      case 'users': return users.map(userBody);
      case 'roles': return roles.map(roleBody);
      case 'services': return services;
      case 'regions': return this.identity.catalogue().regions;
      case 'endpoints': return this.identity.catalogue().endpoints;
      default: throw notFound(`anything at /v3/${name}`);
    }
  }
}

/** A user may see himself and the one domain; a project shows nothing but its name. */
const isOpenTo = (grant: Grant, collection: string, id: string): boolean =>
  collection === 'projects' || collection === 'domains' || (collection === 'users' && grant.user.id === id);

/** Every query parameter that names an attribute must equal it; others (paging, options) say nothing. */
const matches = (resource: Resource, query: Readonly<Record<string, string>>): boolean =>
  Object.entries(resource).every(([name, value]) => !Object.hasOwn(query, name) || String(value).toLowerCase() === query[name]?.toLowerCase());
