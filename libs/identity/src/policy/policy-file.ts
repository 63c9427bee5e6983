import { readFileSync, statSync } from 'node:fs';
import { parse } from 'yaml';
import { PolicyError } from './expression.js';
import { createPolicy, type Policy, type WrittenRules } from './policy.js';

export interface PolicyFileOptions {
  /** `oslo_policy.policy_file`: YAML or JSON. A file that is not there at the start means the default rules. */
  readonly path: string;
  readonly log: { warn(message: string): void; error(message: string): void; info(message: string): void };
  /** Milliseconds that only grow; how often the file is looked at hangs on it. Default: the process's own clock. */
  readonly nowMs?: () => number;
}

const lookEveryMs = 1000;
const largestBytes = 1024 * 1024;

/**
 * The policy of an operator's file, read again when the file changes; looked at no more than once a second, when something is asked.
 * At the start a broken file throws PolicyError, with all that is wrong with it. Later, the last good rules stay and the log says why:
 * also when the file vanishes, since an editor that replaces it in two steps must not open doors in between.
 */
export function policyFromFile({ path, log, nowMs = () => performance.now() }: PolicyFileOptions): Policy {
  const warn = (warning: string): void => log.warn(`${path}: ${warning}`);
  let seen = stampOf(path);
  let policy = seen === undefined ? createPolicy() : readPolicy(path, warn);
  let lookAtMs = nowMs() + lookEveryMs;

  function reloadWhenChanged(): void {
    const stamp = stampOf(path);
    if (stamp === seen) return;
    seen = stamp;
    if (stamp === undefined) return log.error(`${path} is gone; its last rules stay in force until it comes back or the service restarts`);
    try {
      policy = readPolicy(path, warn);
      log.info(`${path} changed; its rules are in force`);
    } catch (error) {
      log.error(`${path} changed but is not usable, and the rules before stay in force: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  function current(): Policy {
    const now = nowMs();
    if (now >= lookAtMs) {
      lookAtMs = now + lookEveryMs;
      reloadWhenChanged();
    }
    return policy;
  }

  return {
    allows: (rule, target, caller) => current().allows(rule, target, caller),
    isDefault: (rule) => current().isDefault(rule),
    isAdmin: (caller) => current().isAdmin(caller),
  };
}

/** Changes whenever the file does; undefined when there is none. */
function stampOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.ino}:${stat.size}:${stat.mtimeNs}`;
}

function readPolicy(path: string, warn: (warning: string) => void): Policy {
  try {
    return createPolicy(rulesOf(readFileSync(path)), warn);
  } catch (error) {
    if (error instanceof PolicyError) throw new PolicyError(`The policy file ${path} cannot be used:\n${error.message}`, { cause: error });
    throw error;
  }
}

function rulesOf(content: Buffer): WrittenRules {
  if (content.length > largestBytes) throw new PolicyError(`it is larger than ${largestBytes} bytes`);
  const rules: unknown = parseYaml(content.toString('utf8'));
  if (rules === null || rules === undefined) return {};
  if (typeof rules !== 'object' || Array.isArray(rules)) throw new PolicyError('it does not hold names with rules, like  "add_image": "role:admin"');
  return rules as WrittenRules;
}

function parseYaml(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 20, logLevel: 'error' });
  } catch (error) {
    throw new PolicyError(error instanceof Error ? error.message : 'it is not YAML', { cause: error });
  }
}
