import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { variableOf } from '#libs/platform';

export interface Arguments {
  readonly dataDir: string;
  readonly port: number;
  /** How many regions run side by side; the second serves the Image API at the next port. */
  readonly regions: 1 | 2;
  readonly detach: boolean;
  /** A child that dies is started again; tests that watch what happens without it say `--no-restart`. */
  readonly restart: boolean;
  readonly keystone?: KeystoneArguments;
  /** What `--set section.option=value` said, as environment variables of every service. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface KeystoneArguments {
  readonly url: string;
  readonly userName: string;
  readonly password: string;
  readonly projectName: string;
  readonly userDomainId: string;
  readonly projectDomainId: string;
}

/** A command line that cannot be followed; the message says what to write instead. */
export class BadArguments extends Error {
  override readonly name = 'BadArguments';
}

export const usage = `npm start -- [options]
  --data DIR                       where everything is kept (./data)
  --port N                         the port of the Image API on loopback (9292)
  --regions 2                      two regions with logs, databases and stores of their own, RegionTwo at the next port, and one catalogue that names both
  --set section.option=value       any option, by Glance's name where Glance has it; may be repeated
  --keystone URL                   a real Keystone instead of the development identity, with the user that validates tokens:
    --keystone-user NAME           (glance)
    --keystone-password PASSWORD   better given as HELIOGRAPH_KEYSTONE_AUTHTOKEN__PASSWORD
    --keystone-project NAME        (service)
    --keystone-user-domain ID      (default)
    --keystone-project-domain ID   (default)
    or an application credential: HELIOGRAPH_KEYSTONE_AUTHTOKEN__APPLICATION_CREDENTIAL_ID and _SECRET
  --detach                         return when it is ready; npm stop -- --data DIR ends it
  --no-restart                     leave a service that died dead
`;

const options = {
  data: { type: 'string', default: './data' },
  port: { type: 'string', default: '9292' },
  regions: { type: 'string', default: '1' },
  set: { type: 'string', multiple: true },
  keystone: { type: 'string' },
  'keystone-user': { type: 'string', default: 'glance' },
  'keystone-password': { type: 'string' },
  'keystone-project': { type: 'string', default: 'service' },
  'keystone-user-domain': { type: 'string', default: 'default' },
  'keystone-project-domain': { type: 'string', default: 'default' },
  detach: { type: 'boolean', default: false },
  'no-restart': { type: 'boolean', default: false },
} as const;

type Given = ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];

/** Throws `BadArguments`. */
export function readArguments(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Arguments {
  const given = parsed(argv);
  const port = Number(given.port);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new BadArguments(`--port ${given.port} is no port: give a number from 1 to 65535.`);
  if (given.regions !== '1' && given.regions !== '2') throw new BadArguments(`--regions ${given.regions} cannot be: give 1 or 2.`);
  const settings = Object.fromEntries((given.set ?? []).map(settingOf));
  const keystone = keystoneOf(given, env, variableOf('keystone_authtoken', 'application_credential_id') in { ...env, ...settings });
  return {
    dataDir: resolve(given.data), port, regions: given.regions === '2' ? 2 : 1, detach: given.detach, restart: !given['no-restart'],
    settings, ...(keystone ? { keystone } : {}),
  };
}

function parsed(argv: readonly string[]): Given {
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    throw new BadArguments(`${(error as Error).message}\n\n${usage}`);
  }
}

function settingOf(text: string): [string, string] {
  const match = /^([A-Za-z0-9_]+)\.([A-Za-z0-9_]+)=(.*)$/s.exec(text);
  if (!match) throw new BadArguments(`--set ${text} cannot be read: write it as section.option=value, for example --set default.image_size_cap=1073741824.`);
  const [, section, name, value] = match as unknown as [string, string, string, string];
  return [variableOf(section, name), value];
}

function keystoneOf(given: Given, env: NodeJS.ProcessEnv, hasApplicationCredential: boolean): KeystoneArguments | undefined {
  if (given.keystone === undefined) return undefined;
  if (!URL.canParse(given.keystone)) throw new BadArguments(`--keystone ${given.keystone} is no URL: write it as http://host:5000/v3.`);
  const password = given['keystone-password'] ?? env[variableOf('keystone_authtoken', 'password')] ?? '';
  if (password === '' && !hasApplicationCredential) throw new BadArguments('--keystone needs the password of the user that validates tokens: give it in HELIOGRAPH_KEYSTONE_AUTHTOKEN__PASSWORD.');
  return {
    url: given.keystone.replace(/\/+$/, ''), userName: given['keystone-user'], password, projectName: given['keystone-project'],
    userDomainId: given['keystone-user-domain'], projectDomainId: given['keystone-project-domain'],
  };
}
