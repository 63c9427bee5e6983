export interface Credentials {
  /** As in OS_AUTH_URL, with or without `/v3`. */
  readonly authUrl: string;
  readonly userName: string;
  readonly password: string;
  readonly projectName: string;
  readonly userDomainId?: string;
  readonly projectDomainId?: string;
}

export interface Session {
  /** A token that is good for at least a minute more. */
  token(): Promise<string>;
  projectId(): Promise<string>;
  /** The public image endpoint of a region, or of the first there is. */
  imageUrl(region?: string): Promise<string>;
}

interface TokenBody {
  readonly expires_at: string;
  readonly project: { readonly id: string };
  readonly catalog: readonly { readonly type: string; readonly endpoints: readonly { readonly interface: string; readonly region: string; readonly url: string }[] }[];
}

/** Signs in at Keystone with a password, and again before the token ends. */
export function keystoneSession(credentials: Credentials, fetchIt: typeof fetch = fetch): Session {
  let current: { readonly token: string; readonly body: TokenBody } | undefined;

  async function signedIn(): Promise<{ readonly token: string; readonly body: TokenBody }> {
    if (current && Date.parse(current.body.expires_at) > Date.now() + 60_000) return current;
    const { authUrl, userName, password, projectName, userDomainId = 'default', projectDomainId = 'default' } = credentials;
    const response = await fetchIt(`${authUrl.replace(/\/+$/, '').replace(/\/v3$/, '')}/v3/auth/tokens`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, signal: AbortSignal.timeout(30_000),
      body: JSON.stringify({ auth: {
        identity: { methods: ['password'], password: { user: { name: userName, password, domain: { id: userDomainId } } } },
        scope: { project: { name: projectName, domain: { id: projectDomainId } } },
      } }),
    });
    const token = response.headers.get('x-subject-token');
    if (!response.ok || token === null) throw new Error(`Keystone at ${authUrl} does not let ${userName} in: ${response.status}`);
    current = { token, body: ((await response.json()) as { token: TokenBody }).token };
    return current;
  }

  return {
    token: async () => (await signedIn()).token,
    projectId: async () => (await signedIn()).body.project.id,
    async imageUrl(region) {
      const { body: { catalog } } = await signedIn();
      const endpoints = catalog.filter(({ type }) => type === 'image').flatMap((entry) => entry.endpoints).filter((endpoint) => endpoint.interface === 'public');
      const found = endpoints.find((endpoint) => region === undefined || endpoint.region === region);
      if (!found) throw new Error(`the catalogue names no image service${region === undefined ? '' : ` in ${region}`}`);
      return found.url;
    },
  };
}

/** From the variables of an openrc file. */
export function credentialsFrom(env: Readonly<Record<string, string | undefined>>): Credentials {
  const { OS_AUTH_URL: authUrl, OS_USERNAME: userName, OS_PASSWORD: password, OS_PROJECT_NAME: projectName } = env;
  if (!authUrl || !userName || !password || !projectName) throw new Error('set OS_AUTH_URL, OS_USERNAME, OS_PASSWORD and OS_PROJECT_NAME, for example with: source data/openrc');
  return { authUrl, userName, password, projectName, userDomainId: env['OS_USER_DOMAIN_ID'] ?? 'default', projectDomainId: env['OS_PROJECT_DOMAIN_ID'] ?? 'default' };
}
