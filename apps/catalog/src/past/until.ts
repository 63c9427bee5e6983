import { Problem } from '#libs/domain';
import { count, moment, optional, plainObject } from '../checks.js';
import type { Step } from '../images/history-steps.js';

/** Up to where the past is asked for: a moment, a sequence of the log, or a version of one image. What happened right then has happened. */
export type Until = { readonly at: Date } | { readonly sequence: number } | { readonly version: number };

const checks = { at: optional(moment), sequence: optional(count), version: optional(count) };

/** As it came over the bus. Refuses with InvalidRequest what is none or several of the three. */
export function untilIn(value: unknown, name: string): Until {
  const given = plainObject(value, name);
  const at = checks.at(given['at'], `${name}.at`);
  const sequence = checks.sequence(given['sequence'], `${name}.sequence`);
  const version = checks.version(given['version'], `${name}.version`);
  const all = [...(at === undefined ? [] : [{ at }]), ...(sequence === undefined ? [] : [{ sequence }]), ...(version === undefined ? [] : [{ version }])];
  const [until] = all;
  if (!until || all.length > 1) throw new Problem('InvalidRequest', { detail: 'Give one of a time, a sequence and a version.' });
  return until;
}

/** The last commit of an image up to then; undefined where there was none yet. The times of one image's commits never run backwards. */
export function stepAt(steps: readonly Step[], until: Until): Step | undefined {
  if ('at' in until) return steps.findLast(({ commit }) => commit.at <= until.at);
  return 'sequence' in until ? steps.findLast(({ sequence }) => sequence <= until.sequence) : steps.findLast(({ commit }) => commit.version <= until.version);
}
