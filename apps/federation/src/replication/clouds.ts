import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { createBackgroundAccount, type BackgroundAccount, type ServiceUser } from '#libs/identity';

/** How the service works in one region while nobody asks it to. */
export interface Cloud {
  readonly region: string;
  readonly authUrl: string;
  /** Which interface of its image service is asked: public, internal or admin. */
  readonly interface: string;
  readonly account: BackgroundAccount;
}
export type Clouds = ReadonlyMap<string, Cloud>;

/**
 * The operator's file of accounts, in the form of clouds.yaml: one cloud a region, by the name of the region (or its `region_name`), best with an
 * application credential. Read once. Throws with what is wrong with it; no value of the file is ever repeated.
 */
export async function readClouds(path: string | undefined): Promise<Clouds> {
  if (path === undefined) return new Map();
  const clouds = cloudsIn(await readFile(path, 'utf8'), path);
  const accounts = new Map<string, BackgroundAccount>();
  return new Map(Object.entries(clouds).map(([name, entry]) => {
    const { auth, region_name: region = name, interface: face = 'public' } = entry;
    const authUrl = auth?.auth_url;
    const user = auth && userIn(auth);
    if (authUrl === undefined || !URL.canParse(authUrl) || !user) throw new Error(`${path}: the cloud ${name} needs auth with auth_url, and application_credential_id and _secret or a user with password and project`);
    const same = JSON.stringify([authUrl, user]);
    const account = accounts.get(same) ?? createBackgroundAccount({ authUrl, user });
    accounts.set(same, account);
    return [region, { region, authUrl, interface: face, account }];
  }));
}

interface Auth {
  readonly auth_url?: string;
  readonly application_credential_id?: string;
  readonly application_credential_secret?: string;
  readonly username?: string;
  readonly password?: string;
  readonly project_name?: string;
  readonly user_domain_id?: string;
  readonly project_domain_id?: string;
}
interface Entry { readonly auth?: Auth; readonly region_name?: string; readonly interface?: string }

function cloudsIn(text: string, path: string): Readonly<Record<string, Entry>> {
  let file: { readonly clouds?: Readonly<Record<string, Entry>> } | null;
  try {
    file = parse(text) as typeof file;
  } catch {
    throw new Error(`${path} is not YAML`);
  }
  if (typeof file?.clouds !== 'object') throw new Error(`${path} has no clouds`);
  return file.clouds;
}

function userIn({ application_credential_id: id, application_credential_secret: secret, ...auth }: Auth): ServiceUser | undefined {
  if (id !== undefined && secret !== undefined) return { applicationCredentialId: id, applicationCredentialSecret: secret };
  const { username, password, project_name: projectName, user_domain_id: userDomainId = 'default', project_domain_id: projectDomainId = 'default' } = auth;
  return username === undefined || password === undefined || projectName === undefined ? undefined : { username, password, projectName, userDomainId, projectDomainId };
}
