import type { Caller, CatalogEntry, Scope } from '../caller.js';

interface Named { readonly id: string; readonly name?: string; readonly domain?: { readonly id?: string } }

/** The part of Keystone's `token` object that is read here. Source: Identity API v3, "Validate and show information for token". */
interface TokenBody {
  readonly user: Named;
  readonly project?: Named;
  readonly domain?: Named;
  readonly system?: { readonly all?: boolean };
  readonly roles?: readonly { readonly name: string }[];
  readonly methods?: readonly string[];
  readonly expires_at: string;
  readonly catalog?: readonly {
    readonly type: string; readonly name?: string;
    readonly endpoints?: readonly { readonly region_id?: string; readonly region?: string; readonly interface: string; readonly url: string }[];
  }[];
}

/** The caller that a validated token stands for. Throws when the answer is not a token. */
export function callerFrom(answer: unknown): Caller {
  const token = tokenIn(answer);
  const expiresAt = new Date(token.expires_at);
  if (Number.isNaN(expiresAt.getTime())) throw new Error('the answer names no time at which the token expires');
  const roles = (token.roles ?? []).map(({ name }) => name.toLowerCase());
  return {
    ...userOf(token),
    ...scopeFactsOf(token),
    roles,
    isAdmin: roles.includes('admin'),
    serviceRoles: [],
    isService: false,
    authMethods: token.methods ?? [],
    expiresAt,
    catalog: catalogOf(token),
  };
}

const userOf = ({ user }: TokenBody): Pick<Caller, 'userId' | 'userName' | 'userDomainId'> =>
  ({ userId: user.id, userName: user.name ?? '', ...given('userDomainId', user.domain?.id) });

function scopeFactsOf(token: TokenBody): Pick<Caller, 'scope' | 'projectId' | 'projectName' | 'projectDomainId' | 'domainId'> {
  const { project, domain } = token;
  return {
    scope: scopeOf(token),
    projectId: project?.id ?? null,
    ...given('projectName', project?.name),
    ...given('projectDomainId', project?.domain?.id),
    ...given('domainId', domain?.id),
  };
}

function tokenIn(answer: unknown): TokenBody {
  const token = (answer as { token?: Partial<TokenBody> } | undefined)?.token;
  if (typeof token?.user?.id !== 'string' || typeof token.expires_at !== 'string') throw new Error('the answer is not a token');
  return token as TokenBody;
}

const given = <Name extends string>(name: Name, value: string | undefined): { [Key in Name]?: string } =>
  (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: string };

function scopeOf(token: TokenBody): Scope {
  if (token.project) return 'project';
  if (token.system) return 'system';
  return token.domain ? 'domain' : 'unscoped';
}

function catalogOf(token: TokenBody): CatalogEntry[] {
  return (token.catalog ?? []).map(({ type, name = '', endpoints = [] }) => ({
    type, name,
    endpoints: endpoints.map((endpoint) => ({ region: endpoint.region_id ?? endpoint.region ?? '', interface: endpoint.interface, url: endpoint.url })),
  }));
}
