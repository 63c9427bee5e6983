/** Registers what Glance has limits for at a real Keystone, so high that nobody meets one who did not lower it. Tempest lowers them for a project of its own. */
const defaults = { image_count_total: 100_000, image_count_uploading: 100_000, image_size_total: 1024 ** 2, image_stage_total: 1024 ** 2 };

export async function registerLimits(authUrl, password) {
  const auth = { identity: { methods: ['password'], password: { user: { name: 'admin', password, domain: { id: 'default' } } } }, scope: { system: { all: true } } };
  const signedIn = await fetch(`${authUrl}/auth/tokens`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ auth }) });
  if (signedIn.status !== 201) throw new Error(`Keystone does not let the administrator in for the whole system: ${signedIn.status} ${await signedIn.text()}`);
  const headers = { 'x-auth-token': signedIn.headers.get('x-subject-token'), 'content-type': 'application/json' };
  const get = async (path) => (await fetch(`${authUrl}${path}`, { headers })).json();
  const { services: [{ id: serviceId }] } = await get('/services?type=image');
  const { registered_limits: known } = await get(`/registered_limits?service_id=${serviceId}`);
  const missing = Object.entries(defaults).filter(([name]) => !known.some((limit) => limit.resource_name === name));
  if (missing.length === 0) return;
  const body = { registered_limits: missing.map(([name, limit]) => ({ service_id: serviceId, region_id: 'RegionOne', resource_name: name, default_limit: limit })) };
  const made = await fetch(`${authUrl}/registered_limits`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (made.status !== 201) throw new Error(`Keystone registers no limits: ${made.status} ${await made.text()}`);
}

/** What a Heliograph is told so that it reads them. */
export const limitSettings = (authUrl, password) => ({
  'default.use_keystone_limits': 'true', 'oslo_limit.auth_url': authUrl, 'oslo_limit.username': 'admin', 'oslo_limit.password': password, 'oslo_limit.system_scope': 'all',
});
