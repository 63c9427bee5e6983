import { join } from 'node:path';
import { variableOf } from '#libs/platform';
import { BadArguments, type Arguments } from './arguments.js';
import { takeDataDir, type DataDir } from './data-dir.js';

/** One region of this start. */
export interface RegionToStart {
  readonly name: string;
  readonly port: number;
  readonly endpoint: string;
  /** The second region's lies in the first one's, so that a Heliograph with one region becomes one with two and back. */
  readonly dataDir: DataDir;
  /** What a part of this region is called. */
  nameOf(part: string): string;
}

/** Takes the data directory of each region. Throws `BadArguments`, `UnusableDataDir`; nothing is taken then. */
export async function takeRegions(args: Arguments): Promise<[RegionToStart, ...RegionToStart[]]> {
  const region = (name: string, port: number, dataDir: DataDir): RegionToStart =>
    ({ name, port, endpoint: `http://127.0.0.1:${port}`, dataDir, nameOf: (part) => (args.regions === 1 ? part : `${name} ${part}`) });
  const firstName = settingOf(args, 'heliograph', 'region') ?? 'RegionOne';
  if (args.regions === 2 && (firstName === secondName || args.port === 65_535)) {
    throw new BadArguments(`With --regions 2 the second region is called ${secondName} and serves at the port after --port: choose another heliograph.region, and a port below 65535.`);
  }
  const first = region(firstName, args.port, await takeDataDir(args.dataDir));
  if (args.regions === 1) return [first];
  try {
    return [first, region(secondName, args.port + 1, await takeDataDir(join(args.dataDir, secondName)))];
  } catch (error) {
    await first.dataDir.release();
    throw error;
  }
}

const secondName = 'RegionTwo';

/** What the command line or the environment says of an option. */
export const settingOf = ({ settings }: Arguments, section: string, name: string): string | undefined =>
  settings[variableOf(section, name)] ?? process.env[variableOf(section, name)];
