/** Where the images are, and whom we speak for. */
export interface Cloud {
  /** Without a slash, and without a version. */
  readonly imageUrl: string;
  token(): string;
  /** Gets another token where one can be had; false where there is none to be had. */
  renew(): Promise<boolean>;
}

type Env = Readonly<Record<string, string | undefined>>;
interface TokenBody { readonly token: { readonly catalog?: readonly { readonly type: string; readonly endpoints: readonly { readonly interface: string; readonly region_id?: string; readonly url: string }[] }[] } }

/** Signs in with what the environment holds, by the names that the openstack command reads. Throws with what is missing. */
export async function signIn(env: Env): Promise<Cloud> {
  const { OS_TOKEN: given, OS_IMAGE_ENDPOINT: endpoint } = env;
  if (given !== undefined && endpoint !== undefined) return { imageUrl: withoutVersion(endpoint), token: () => given, renew: async () => false };
  const authUrl = needed(env, 'OS_AUTH_URL').replace(/\/+$/, '').replace(/(\/v3)?$/, '/v3');
  let { token, body } = await getToken(authUrl, env);
  return {
    imageUrl: withoutVersion(endpoint ?? imageEndpoint(body, env)),
    token: () => token,
    async renew() {
      ({ token, body } = await getToken(authUrl, env));
      return true;
    },
  };
}

async function getToken(authUrl: string, env: Env): Promise<{ token: string; body: TokenBody }> {
  const domain = (kind: string) => (env[`OS_${kind}_DOMAIN_ID`] === undefined ? { name: env[`OS_${kind}_DOMAIN_NAME`] ?? 'Default' } : { id: env[`OS_${kind}_DOMAIN_ID`] });
  const user = { name: needed(env, 'OS_USERNAME'), password: needed(env, 'OS_PASSWORD'), domain: domain('USER') };
  const scope = { project: { name: needed(env, 'OS_PROJECT_NAME'), domain: domain('PROJECT') } };
  const response = await fetch(`${authUrl}/auth/tokens`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } }, scope } }),
  });
  const token = response.headers.get('x-subject-token');
  if (!response.ok || token === null) throw new Error(`${authUrl} does not let ${user.name} in: ${response.status} ${await response.text()}`);
  return { token, body: await response.json() as TokenBody };
}

function imageEndpoint({ token }: TokenBody, env: Env): string {
  const wanted = env['OS_INTERFACE'] ?? 'public';
  const region = env['OS_REGION_NAME'];
  const endpoints = token.catalog?.find(({ type }) => type === 'image')?.endpoints ?? [];
  const found = endpoints.find((endpoint) => endpoint.interface === wanted && (region === undefined || endpoint.region_id === region));
  if (!found) throw new Error(`The service catalogue has no ${wanted} endpoint of an image service${region === undefined ? '' : ` in region ${region}`}. Set OS_REGION_NAME or OS_INTERFACE.`);
  return found.url;
}

const withoutVersion = (url: string): string => url.replace(/\/+$/, '').replace(/\/v2(\.\d+)?$/, '');

function needed(env: Env, name: string): string {
  const value = env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set. Set it as for the openstack command, or set OS_TOKEN and OS_IMAGE_ENDPOINT.`);
  return value;
}
